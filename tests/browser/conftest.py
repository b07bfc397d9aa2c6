"""A real Chromium, a blank page with a fake anywidget model, and JupyterLab and Notebook 7 on a port of their own."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from lstm_lab.widgets import offline
from lstm_lab.widgets.bundle import VIEWS

REQUIRED = "LSTM_LAB_REQUIRE_BROWSER"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
]
BLANK = "http://views.test/"
EXTENSION = VIEWS.parent / "labextension"
FAKE = Path(__file__).parent / "fake_work.py"


def _chromium():
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    found = _chromium()
    if found is None:
        reason = "no Chromium on the PATH; install one (Debian: apt install chromium) to run the browser tests"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{REQUIRED}=1 forbids the skip: {reason}")
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser(chromium):
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def errors():
    """What the page complained of."""
    return []


@pytest.fixture
def context_options():
    return {}


@pytest.fixture
def page(browser, errors, context_options):
    """A page without network; an uncaught error in it fails the test."""
    context = browser.new_context(viewport={"width": 900, "height": 800}, **context_options)
    context.set_default_timeout(15_000)
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield opened
    blank = opened.url.startswith(BLANK)
    context.close()
    # JupyterLab and Notebook complain of much that is not ours; a blank page holds nothing else.
    ours = errors if blank else [error for error in errors if "lstm" in error]
    assert ours == []


@dataclass
class Server:
    url: str
    token: str
    folder: Path

    def address(self, face, name):
        # A workspace of its own, or JupyterLab would open the notebooks of the tests before as well.
        place = f"lab/workspaces/{name.removesuffix('.ipynb')}/tree" if face == "lab" else "notebooks"
        return f"{self.url}/{place}/{name}?token={self.token}"


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory):
    """One server speaks for both faces: Notebook 7 is an extension of it."""
    del chromium  # without a browser no server is worth its start
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copy(FAKE, folder / "fake_work.py")
    settings = folder / ".settings"
    home = {
        "JUPYTER_CONFIG_DIR": folder / ".config",
        "JUPYTER_DATA_DIR": folder / ".data",
        "JUPYTER_RUNTIME_DIR": folder / ".runtime",
        "JUPYTERLAB_SETTINGS_DIR": settings,
        "JUPYTERLAB_WORKSPACES_DIR": folder / ".workspaces",
        "IPYTHONDIR": folder / ".ipython",
    }
    _quiet_lab(settings)
    if EXTENSION.is_dir():  # a checkout, whose renderer no environment need know; an installed package has its own
        shutil.copytree(EXTENSION, folder / ".share" / "labextensions" / "lstm-lab")
        home["JUPYTER_PATH"] = folder / ".share"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"]
    environment = {**os.environ, **{name: str(place) for name, place in home.items()}}
    with (folder / ".server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            running = Server(f"http://127.0.0.1:{port}", token, folder)
            _wait_until_up(running, process)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _quiet_lab(settings):
    """No news, no tips: nothing that asks the network or covers a cell."""
    folder = settings / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (folder / "notification.jupyterlab-settings").write_text(json.dumps(quiet))


def _wait_until_up(server, process):
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail("JupyterLab ended at once:\n" + (server.folder / ".server.log").read_text()[-2000:])
        try:
            with urllib.request.urlopen(f"{server.url}/api/status?token={server.token}", timeout=2):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail("JupyterLab did not answer within a minute")


class Notebook:
    """A notebook in the browser, driven by the application's own commands."""

    def __init__(self, page, server, face, name):
        self.page = page
        self.server = server
        self.face = face
        self.name = name
        self._before = None

    @property
    def path(self):
        return self.server.folder / self.name

    def load(self, *, busy=False):
        self.page.goto(self.server.address(self.face, self.name))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_function("window.jupyterapp !== undefined")
        if not busy:
            self.idle()

    def _panel(self, code, argument=None):
        return self.page.evaluate(
            f"(argument) => {{ const panel = window.jupyterapp.shell.currentWidget; {code} }}", argument
        )

    def status(self):
        return self._panel("return panel?.sessionContext?.session?.kernel?.status ?? 'none';")

    def idle(self, timeout=60):
        """Wait for a kernel that is free; of a busy one a subshell may say the same, so `ended` asks the cell."""
        end = time.monotonic() + timeout
        while self.status() != "idle":
            if time.monotonic() > end:
                pytest.fail(f"kernel is {self.status()} after {timeout} s")
            self.page.wait_for_timeout(80)

    def start(self, cell):
        """Run a cell and do not wait for its end."""
        self._before = self.count(cell)
        self._panel(
            "panel.content.activeCellIndex = argument; window.jupyterapp.commands.execute('notebook:run-cell');", cell
        )

    def run(self, cell, timeout=60):
        self.start(cell)
        return self.ended(cell, timeout)

    def ended(self, cell, timeout=60):
        """Wait for the end of a cell that was started; give what it printed."""
        end = time.monotonic() + timeout
        while self.count(cell) in {self._before, None}:
            if time.monotonic() > end:
                pytest.fail(f"cell {cell} did not end within {timeout} s; kernel is {self.status()}")
            self.page.wait_for_timeout(60)
        self.page.wait_for_timeout(100)
        return self.output(cell)

    def count(self, cell):
        return self._panel("return panel.content.model.cells.get(argument).executionCount;", cell)

    def output(self, cell):
        """Give the text that a cell printed."""
        return self._panel(
            "return panel.content.model.cells.get(argument).outputs.toJSON()"
            ".map((o) => [].concat(o.text ?? o.evalue ?? '').join('')).join('');",
            cell,
        )

    def bundles(self, cell):
        """Give the mimebundles that a cell displayed."""
        return self._panel(
            "return panel.content.model.cells.get(argument).outputs.toJSON().map((o) => Object.keys(o.data ?? {}));",
            cell,
        )

    def interrupt(self):
        self._panel("return panel.sessionContext.session.kernel.interrupt();")

    def theme(self, name):
        """Change the theme and wait for it."""
        self.page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
        light = "false" if "Dark" in name else "true"
        self.page.wait_for_selector(f"body[data-jp-theme-light={light}]", state="attached")

    def wait_for(self, view, condition, timeout=15_000):
        """Wait until a view's root element satisfies a condition of JavaScript over `data`."""
        code = f"""(name) => [...document.querySelectorAll(".lstm-lab")].some((host) => {{
            const root = host.shadowRoot.querySelector(".lab");
            const data = root.dataset;
            return data.view === name && ({condition});
        }})"""
        try:
            self.page.wait_for_function(code, arg=view, timeout=timeout)
        except Exception as late:
            late.add_note(f"waited for {view} with {condition}; {self._shown()}")
            raise

    def _shown(self):
        """Describe every view of the page and the outputs of every cell, for the report of a failure."""
        views = self.page.evaluate(
            """() => [...document.querySelectorAll(".lstm-lab")].map((host) => {
                const root = host.shadowRoot?.querySelector(".lab");
                return [{ ...root?.dataset }, root?.querySelector("header")?.innerText ?? "",
                    Math.round(host.getBoundingClientRect().top)];
            })"""
        )
        cells = range(self._panel("return panel.content.model.cells.length;"))
        outputs = {cell: self.output(cell)[-300:] for cell in cells if self.output(cell)}
        return f"views {views}; outputs {outputs}; kernel {self.status()}"

    def save(self):
        self._panel("return panel.context.save();")

    def view(self, name):
        """Locate a view; its shadow root is open."""
        return self.page.locator(f".lab[data-view={name}]")


@pytest.fixture
def notebook(page, server, request):
    """Make a notebook of the given cells and open it in a face; its kernel ends with the test."""
    opened = []

    def open_it(face, *cells, trusted=False):
        name = f"{request.node.name.translate(str.maketrans('[]', '__'))}-{len(opened)}.ipynb"
        made = [nbformat.v4.new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        book = nbformat.v4.new_notebook(cells=made)
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, server.folder / name)
        if trusted:
            notary = NotebookNotary(data_dir=str(server.folder / ".data"))
            notary.sign(book)
            notary.store.close()
        made = Notebook(page, server, face, name)
        opened.append(made)
        made.load()
        return made

    yield open_it
    for made in opened:
        made._panel("return panel?.sessionContext?.shutdown();")


PAGE = """<!doctype html><html lang="en"><head><title>views</title><meta name="color-scheme" content="light dark">
<style>@media (prefers-color-scheme: dark) {{ body {{ background: #111; color: #eee; }} }}</style></head>
<body><main><h1>Views</h1></main><script type="module">
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
const revive = (key, value) => (value && value.base64 !== undefined ? bytes(value.base64) : value);
const models = {{}};
const labs = {{}};
window.make = async (key, text) => {{
  const state = JSON.parse(text, revive);
  const heard = {{}};
  models[key] = {{
    state, heard, get: (name) => state[name], set: (name, value) => {{ state[name] = value; }},
    on: (name, callback) => (heard[name] ??= []).push(callback), off: () => {{}}, save_changes: () => {{}},
    send: (content) => window.pageSent(key, content),
  }};
  const module = URL.createObjectURL(new Blob([state._esm], {{ type: "text/javascript" }}));
  labs[key] = (await import(module)).default;
  labs[key].initialize({{ model: models[key] }});
}};
window.draw = (key, id) => {{
  const el = document.createElement("div");
  el.id = id;
  document.querySelector("main").append(el);
  labs[key].render({{ model: models[key], el }});
}};
window.receive = (key, content, buffers) =>
  (models[key].heard["msg:custom"] ?? []).forEach((callback) => callback(content, buffers.map(bytes)));
window.change = (key, name, value) => {{
  models[key].state[name] = value;
  (models[key].heard[`change:${{name}}`] ?? []).forEach((callback) => callback());
}};
window.up = true;
</script></body></html>""".format()


class Mounted:
    """A widget without a kernel on a page without a network; the test carries the messages."""

    def __init__(self, page, widget, sent, number):
        self.page = page
        self.widget = widget
        self.sent = sent
        self.deaf = False
        self.host = f"#view{number}"
        self.root = page.locator(f"{self.host} .lab")
        widget.wire._send = self.carry

    def carry(self, content, buffers):
        if not self.deaf:
            packed = [base64.b64encode(view).decode() for view in buffers]
            self.page.evaluate(
                "([key, content, buffers]) => receive(key, content, buffers)", [self.key, content, packed]
            )

    @property
    def key(self):
        return self.widget._key

    def again(self):
        """Draw a second view of the same model."""
        number = f"{self.host[5:]}b"
        self.page.evaluate("([key, id]) => draw(key, id)", [self.key, f"view{number}"])
        other = Mounted(self.page, self.widget, self.sent, number)
        self.widget.wire._send = self.carry
        return other

    def text(self):
        return self.root.inner_text()

    def change(self, name, value):
        self.page.evaluate("([key, name, value]) => change(key, name, value)", [self.key, name, value])

    def expect(self, name, value):
        self.page.wait_for_function(
            """([host, name, value]) => {
                const root = document.querySelector(host).shadowRoot.querySelector(".lab");
                return root.dataset[name] === value;
            }""",
            arg=[self.host, name, value],
        )

    def wait_sent(self, kind):
        for _ in range(100):
            if self.sent and self.sent[-1]["kind"] == kind:
                return
            self.page.wait_for_timeout(20)
        pytest.fail(f"the page did not say {kind}: {self.sent}")


@pytest.fixture
def mount(page):
    """Put a widget on a blank page and play its kernel, hello included."""
    widgets = {}

    def hear(key, content):
        widget, sent = widgets[key]
        sent.append(content)
        if content["kind"] == "hello":
            widget.wire.answer_hello(content["token"], content["seq"])

    def serve(route):
        name = route.request.url.rsplit("/", 1)[-1]
        if name == "page.html":
            route.fulfill(body=PAGE, content_type="text/html")
        else:
            route.abort()

    def put(widget, *, ready=True):
        if not widgets:
            page.expose_function("pageSent", hear)
            page.route("**/*", serve)
            page.goto(f"{BLANK}page.html")
            page.wait_for_function("window.up === true")
        mounted = Mounted(page, widget, [], len(widgets))
        widgets[widget._key] = (widget, mounted.sent)
        state = {**offline._state(widget), "_esm": widget._esm, "_offline": False, "_snapshot": widget.wire.snapshot()}
        page.evaluate("([key, text]) => make(key, text)", [widget._key, offline._json(state)])
        page.evaluate("([key, id]) => draw(key, id)", [widget._key, mounted.host[1:]])
        if ready:
            page.wait_for_selector(f"{mounted.host} .lab[data-ready]")
        return mounted

    yield put
    for widget, _ in widgets.values():  # one that outlives its page must not send to it when a later test calls it
        widget.wire._send = lambda *_: None


@pytest.fixture
def axe():
    """Run axe-core over a page; give what it holds against it."""
    script = (
        Path(__file__).parents[2] / "lstm_lab" / "widgets" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
    )
    if not script.is_file():
        reason = "axe-core is not installed; run npm ci in lstm_lab/widgets/frontend"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    def check(page):
        page.evaluate(script.read_text())
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]

    return check
