/**
 * A line to a widget in a kernel whose main thread is busy. A page that is loaded while a cell runs learns of no widget
 * before the cell is over, for it asks by the main thread; the widget itself answers by a subshell (`widgets/stop.py`).
 */
import type { Json, Speaker, Wire } from "./wire";

interface Message {
  header: { msg_type: string; [name: string]: unknown };
  content: unknown;
  buffers?: (ArrayBuffer | ArrayBufferView)[];
}

export interface Kernel {
  clientId: string;
  username: string;
  info: Promise<unknown>;
  isDisposed: boolean;
  iopubMessage: {
    connect(slot: (sender: unknown, message: Message) => void): void;
    disconnect(slot: (sender: unknown, message: Message) => void): void;
  };
  sendShellMessage(message: object, expectReply: boolean, dispose: boolean): unknown;
  sendControlMessage(message: object, expectReply: boolean, dispose: boolean): { done: Promise<{ content: unknown }> };
}

/** A kernel that is free says who it is within this time, and anywidget then has the model. */
const PATIENCE = 1200;

/** Join a widget to its wire, if the kernel is found busy and nothing else has joined. */
export function lineTo(kernel: Kernel, widget: string, wire: Wire, signal: AbortSignal): void {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, true));
  const open = async (): Promise<void> => {
    const busy = await Promise.race([kernel.info.then(() => false), late]);
    if (busy !== true || signal.aborted || kernel.isDisposed || wire.served) return;
    const line = new Line(kernel, widget, await newSubshell(kernel));
    const leave = (): void => {
      line.close();
      wire.leave(line);
    };
    if (signal.aborted || wire.served) return line.close();
    signal.addEventListener("abort", leave);
    wire.join(line);
    wire.whenJoined((speaker) => {
      if (speaker !== line) line.close();
    }, signal);
  };
  open().catch((error: unknown) => console.warn("lstm_lab: the kernel is busy and cannot be reached", error));
}

function message(kernel: Kernel, channel: "shell" | "control", kind: string, content: object, subshell?: string): object {
  const header = {
    msg_id: Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join(""),
    msg_type: kind,
    session: kernel.clientId,
    username: kernel.username,
    date: new Date().toISOString(),
    version: "5.3",
    ...(subshell === undefined ? {} : { subshell_id: subshell }),
  };
  return { channel, header, parent_header: {}, metadata: {}, content, buffers: [] };
}

async function newSubshell(kernel: Kernel): Promise<string> {
  const asked = kernel.sendControlMessage(message(kernel, "control", "create_subshell_request", {}), true, true);
  const { content } = await asked.done;
  const id = (content as Record<string, unknown>)["subshell_id"];
  if (typeof id !== "string") throw new Error("the kernel has no subshells");
  return id;
}

class Line implements Speaker {
  readonly makeshift = true;
  readonly #heard: (sender: unknown, message: Message) => void;
  #closed = false;
  #listener: ((content: never, buffers: DataView[]) => void) | null = null;

  constructor(
    private readonly kernel: Kernel,
    private readonly widget: string,
    private readonly subshell: string,
  ) {
    this.#heard = (_, { header, content, buffers }) => {
      const { comm_id, data } = content as { comm_id?: string; data?: { method?: string; content?: never } };
      if (header.msg_type !== "comm_msg" || comm_id !== widget || data?.method !== "custom") return;
      this.#listener?.(data.content!, (buffers ?? []).map(view));
    };
    kernel.iopubMessage.connect(this.#heard);
  }

  get(): null {
    return null;
  }

  on(name: string, listener: (content: never, buffers: DataView[]) => void): void {
    if (name === "msg:custom") this.#listener = listener;
  }

  send(content: Json): void {
    const data = { comm_id: this.widget, data: { method: "custom", content } };
    this.kernel.sendShellMessage(message(this.kernel, "shell", "comm_msg", data, this.subshell), false, true);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.kernel.iopubMessage.disconnect(this.#heard);
    if (this.kernel.isDisposed) return;
    const content = { subshell_id: this.subshell };
    this.kernel.sendControlMessage(message(this.kernel, "control", "delete_subshell_request", content), false, true);
  }
}

function view(buffer: ArrayBuffer | ArrayBufferView): DataView {
  return ArrayBuffer.isView(buffer) ? new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new DataView(buffer);
}
