"""What a report costs: scanning and planning against parsing the same files, and the page in a browser.

`python benchmarks/report.py PATH [--jobs 2]` prints seconds, ratios of one run and the size of the page; with chromedriver
installed also how long the page takes until it answers.
"""
from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from flake8_nnx.report.build import build
from flake8_nnx.report.page import page
from flake8_nnx.source.read import SourceError, parse, python_files, read_source


def parsed(path: Path) -> float:
    """Seconds to read and parse every file below a path."""
    started = time.perf_counter()
    for found in python_files([path]):
        if not isinstance(found, SourceError):
            parse(read_source(found[0]), str(found[0]))
    return time.perf_counter() - started


def in_browser(text: str) -> float | None:
    """Seconds until the page answers, by the browser's own clock; None without a browser."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        return None
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    with tempfile.TemporaryDirectory() as folder:
        for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={folder}/profile")
        file = Path(folder) / "report.html"
        file.write_text(text, encoding="utf-8")
        chrome = webdriver.Chrome(options=options, service=Service(driver))
        try:
            chrome.get(file.as_uri())
            return chrome.execute_script("return performance.getEntriesByType('navigation')[0].domInteractive / 1000")
        finally:
            chrome.quit()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    baseline = parsed(options.path)
    started = time.perf_counter()
    report = build([options.path], jobs=options.jobs)
    built = time.perf_counter() - started
    text = page(report)
    whole = time.perf_counter() - started
    print(f"{report.summary()['classes']} classes, {report.scanned} files")
    print(f"parsing alone {baseline:.1f} s; report {built:.1f} s ({built / baseline:.1f} times), with the page {whole:.1f} s")
    print(f"page {len(text.encode()) / 1e6:.1f} MB")
    answered = in_browser(text)
    print("no browser" if answered is None else f"interactive after {answered:.2f} s")


if __name__ == "__main__":
    main()
