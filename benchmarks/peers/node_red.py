"""Node-RED with its SQLite node: installed by npm into a folder, its flow made for one run."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.peers.table import create
from benchmarks.programs import BenchmarkError

PACKAGES = ("node-red@4.1", "node-red-node-sqlite@1.1")
INSTALL_SECONDS = 300
GATHER = Path(__file__).with_name("gather.js")


def install(folder: Path) -> None:
    """Install Node-RED into this folder, unless it is there. Raises BenchmarkError with the reason in one sentence."""
    if (folder / "node_modules" / "node-red").is_dir():
        return
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise BenchmarkError("Node-RED is left out: there is no npm on the PATH")
    command = ["npm", "install", "--no-fund", "--no-audit", "--prefix", str(folder), *PACKAGES]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"Node-RED is left out: npm took longer than {INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        reason = next((line for line in done.stderr.splitlines() if "npm error" in line), "it said nothing")
        raise BenchmarkError(f"Node-RED is left out: {reason}")


def command(installed: Path, folder: Path, port: int, database: Path, ui_port: int) -> list[str | Path]:
    """How to run it in `folder`, listening to the broker at `port` and storing into `database`."""
    create(database).close()
    flows = folder / "flows.json"
    flows.write_text(json.dumps(flow(port, database)))
    settings = folder / "settings.js"
    settings.write_text(
        f"module.exports = {{uiHost: '127.0.0.1', uiPort: {ui_port}, userDir: {json.dumps(str(folder))}, "
        "httpAdminRoot: false, httpNodeRoot: false, diagnostics: {enabled: false}, "
        "telemetry: {enabled: false}, logging: {console: {level: 'warn'}}};\n"
    )
    program = installed / "node_modules" / "node-red" / "red.js"
    return ["node", program, "--settings", settings, flows]


def flow(port: int, database: Path) -> list[dict[str, Any]]:
    """The flow: mqtt in, a function that checks and gathers, sqlite."""
    gather = GATHER.read_text(encoding="utf-8")
    return [
        {"id": "tab", "type": "tab", "label": "readings"},
        {"id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": port, "clientid": "peer"}
        | {"protocolVersion": "5", "cleansession": True, "keepalive": "60"},
        {"id": "database", "type": "sqlitedb", "db": str(database), "mode": "RWC"},
        {"id": "in", "type": "mqtt in", "z": "tab", "topic": "grid/turbines/+/metrics", "qos": "1"}
        | {"datatype": "json", "broker": "broker", "wires": [["gather"]]},
        {"id": "gather", "type": "function", "z": "tab", "func": gather, "outputs": 1, "wires": [["store"]]},
        {"id": "store", "type": "sqlite", "z": "tab", "mydb": "database", "sqlquery": "batch", "wires": [[]]},
    ]
