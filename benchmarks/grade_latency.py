"""How long `backprove grade` takes on one answer, cold and warm, beside `import numpy` on the same machine.

Run it with the Python of the environment backprove is installed in:

    .venv/bin/python benchmarks/grade_latency.py

Cold is the first run after a change: Worlds are executed with torch and keys derived. Warm reads both from the cache.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WARM_RUNS = 7
ANSWERS = {
    "shape (3a)": ("3a", "3 x 5"),
    "formula (4a)": ("4a", "dL/dh_t * o_t * (1 - tanh(c_t)^2) + dL/dc_{t+1} * f_{t+1}"),
}


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """The wall time of one process; one that fails is a fault of the benchmark."""
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return time.perf_counter() - start


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, {WARM_RUNS} warm runs")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "BACKPROVE_CACHE": str(Path(folder, "cache"))}
        imports = [seconds([sys.executable, "-c", "import numpy"], environment) for _ in range(WARM_RUNS)]
        unit = statistics.median(imports)
        print(f"{'import numpy':<24}{unit:6.2f} s  (spread {min(imports):.2f} to {max(imports):.2f})")
        for label, (question, answer) in ANSWERS.items():
            path = Path(folder, "answer.jsonl")
            path.write_text(f'{{"question": "{question}", "answer": "{answer}"}}\n', encoding="utf-8")
            command = [sys.executable, "-m", "backprove", "grade", "iitkgp-ct3", str(path), "--jsonl"]
            cold = seconds(command, environment)
            warm = [seconds(command, environment) for _ in range(WARM_RUNS)]
            print(f"{label + ', cold':<24}{cold:6.2f} s  {cold / unit:5.1f} x import numpy")
            middle = statistics.median(warm)
            spread = f"(spread {min(warm):.2f} to {max(warm):.2f})"
            print(f"{label + ', warm':<24}{middle:6.2f} s  {middle / unit:5.1f} x import numpy  {spread}")


if __name__ == "__main__":
    main()
