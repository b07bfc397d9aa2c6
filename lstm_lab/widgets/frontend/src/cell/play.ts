/** The clock of a cell: plays step after step, or one alone. */

/** Seconds that a step takes, by the name of the speed. */
export const SPEEDS: Record<string, number> = { slow: 7, normal: 3, fast: 1, fastest: 0.2 };
/** The share of a step in which numbers move; in the rest they stand to be read. */
const MOVING = 0.8;

export interface Hands {
  /** Go on to the next step; false at the end. */
  next: () => boolean;
  /** Show a moment of the step, 0 to 1. */
  show: (moment: number) => void;
  /** Playing has begun or ended. */
  changed: () => void;
}

export class Player {
  seconds = SPEEDS["normal"]!;
  playing = false;
  moment = 1;
  #clock = 0;
  #before = 0;
  #frame = 0;

  constructor(private readonly hands: Hands) {}

  /** Play the steps that are left. */
  play(): void {
    this.playing = true;
    this.#start();
  }

  /** Play the step that is shown, and stand. */
  once(): void {
    this.playing = false;
    this.#start();
  }

  #start(): void {
    cancelAnimationFrame(this.#frame);
    this.#clock = 0;
    this.#before = performance.now();
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
    this.hands.changed();
  }

  /** Stand still, with all numbers there. */
  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.playing = false;
    this.#show(1);
    this.hands.changed();
  }

  #show(moment: number): void {
    this.moment = moment;
    this.hands.show(moment);
  }

  #tick(now: number): void {
    // A page that was out of sight goes on where it was.
    this.#clock += Math.min(Math.max(now - this.#before, 0), 250) / 1000 / this.seconds;
    this.#before = now;
    while (this.#clock >= 1) {
      if (!(this.playing && this.hands.next())) return this.stop();
      this.#clock -= 1;
    }
    this.#show(Math.min(this.#clock / MOVING, 1));
    this.#frame = requestAnimationFrame((later) => this.#tick(later));
  }
}
