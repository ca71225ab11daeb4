"""The page in headless Chromium: it draws, filters and opens, by keyboard too; it fetches nothing and runs nothing of the source.

Needs Debian's `chromium` and `chromium-driver`; without them these tests fail, they are not skipped.
"""
import json
import shutil

import pytest

from flake8_nnx.report.model import ClassEntry, FileEntry, Issue, Report, Step
from flake8_nnx.report.page import page

pytestmark = pytest.mark.browser
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><b>"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1280,900"
).split()


def entry(name, state, file="pkg/models.py", line=1, **about):
    return ClassEntry(file, name, line, line + 9, state, source=f"class {name}(nn.Module):\n\n  pass", **about)


def report():
    models = (
        entry("Leaf", "automatic", proposed="class Leaf(nnx.Module):\n\n  pass", codes={"NNX101": 2}),
        entry("Top", "manual", line=20, depends=("pkg/models.py::Leaf",), blockers=("line 21: a reason",), codes={"NNX103": 1}),
        entry(HOSTILE, "review", line=40, blockers=(HOSTILE,)),
    )
    files = (
        FileEntry("pkg/models.py", "pkg", ("@models",), 60, models, (Issue(1, 1, 1, 5, "NNX101", "old"),)),
        FileEntry("other/new.py", "other", ("@others",), 20, (entry("Done", "nnx", "other/new.py"),), ()),
    )
    steps = (Step(1, ("pkg/models.py::Leaf",), ("pkg/models.py::Top",), 5), Step(2, ("pkg/models.py::Top",), (), 9))
    return Report(("pkg", HOSTILE), files, steps, (f"bad.py: {HOSTILE}",), 3)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser, service = shutil.which("chromium"), shutil.which("chromedriver")
    assert browser and service, "install Debian's chromium and chromium-driver, or deselect with -m 'not browser'"
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(service))
    yield found
    found.quit()


@pytest.fixture
def opened(driver, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page(report()), encoding="utf-8")
    driver.get_log("performance")
    driver.get(path.as_uri())
    return driver


def rows(driver):
    return driver.execute_script("return [...document.querySelectorAll('#table tbody tr[data-id]')].map((r) => r.dataset.id)")


def fill(driver, name, value):
    driver.execute_script(
        "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
        "e.dispatchEvent(new Event('input', {bubbles: true}))", name, value,
    )  # fmt: skip


def drawn(driver, name):
    """Wait until a plot has come into sight and has been drawn; how many marks it has."""
    from selenium.webdriver.support.ui import WebDriverWait

    driver.execute_script("document.getElementById(arguments[0]).scrollIntoView()", f"{name}-plot")
    selector = f"#{name}-plot .{'slice' if name == 'treemap' else 'point'}"
    return WebDriverWait(driver, 20).until(
        lambda d: d.execute_script("return document.querySelectorAll(arguments[0]).length", selector)
    )


def test_it_draws_and_fetches_nothing(opened):
    assert drawn(opened, "treemap") >= 8 and drawn(opened, "graph") == 2
    events = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    ours = [each["request"]["url"] for each in sent if each["documentURL"].startswith("file:")]  # the new tab asks, too
    assert ours and all(url.startswith(("file:", "data:", "blob:")) for url in ours)
    assert [entry for entry in opened.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_hostile_source_stays_text(opened):
    drawn(opened, "treemap")
    drawn(opened, "graph")
    opened.execute_script("reveal(arguments[0])", f"pkg/models.py::{HOSTILE}")
    assert opened.title != "owned" and opened.execute_script("return document.images.length") == 0
    assert HOSTILE in opened.execute_script("return document.querySelector('.detail').textContent")
    assert HOSTILE in opened.execute_script("return document.querySelector('h1').textContent")


def test_filters(opened):
    assert len(rows(opened)) == 4
    fill(opened, "search", "leaf models")
    assert rows(opened) == ["pkg/models.py::Leaf"]
    fill(opened, "search", "a reason")
    assert rows(opened) == ["pkg/models.py::Top"]
    fill(opened, "search", "")
    fill(opened, "owner", "@others")
    assert rows(opened) == ["other/new.py::Done"]
    fill(opened, "owner", "")
    fill(opened, "rule", "NNX101")
    assert rows(opened) == ["pkg/models.py::Leaf"]
    fill(opened, "package", "other")
    assert rows(opened) == [] and "0 of 4" in opened.execute_script("return document.getElementById('count').textContent")


def test_a_class_opens_by_keyboard_with_both_sides(opened):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    button = opened.find_element(By.CSS_SELECTOR, "#table tbody tr[data-id$='::Leaf'] button")
    button.send_keys(Keys.ENTER)
    assert button.get_attribute("aria-expanded") == "true"
    heads = opened.execute_script("return [...document.querySelectorAll('.sides th')].map((h) => h.textContent)")
    assert heads == ["Linen", "proposed NNX"]
    button.send_keys(Keys.SPACE)
    assert button.get_attribute("aria-expanded") == "false" and not opened.find_elements(By.CSS_SELECTOR, ".detail")


def test_the_plan_leads_to_the_class(opened):
    opened.execute_script("document.querySelector('[data-class$=\"::Top\"]').click()")
    assert rows(opened) == ["pkg/models.py::Top"]
    assert "line 21: a reason" in opened.execute_script("return document.querySelector('.detail').textContent")


@pytest.mark.parametrize("scheme, dark", [("light", False), ("dark", True)])
def test_colours_follow_the_system_and_the_switch(opened, scheme, dark):
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    paper = "return getComputedStyle(document.body).backgroundColor"
    first = opened.execute_script(paper)
    assert (sum(map(int, first[4:-1].split(","))) < 200) == dark
    opened.execute_script("document.getElementById('theme').click()")
    assert (sum(map(int, opened.execute_script(paper)[4:-1].split(","))) < 200) != dark


def test_paper_shows_the_plan_and_no_controls(opened):
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    shown = "return ['plan', 'filters', 'treemap'].map((id) => getComputedStyle(document.getElementById(id)).display)"
    assert opened.execute_script(shown) == ["block", "none", "none"]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
