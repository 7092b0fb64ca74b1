"""The report page in a real browser: it renders, fits a phone, and asks nothing of the network."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from observer.reports.html import render_html
from tests import real_parts
from tests.fakes.audits import sales_audit

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=3000"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-quic",
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(render_html(sales_audit()), encoding="utf-8")
    return file


def chromium(page: Path, *more: str) -> str:
    browser = shutil.which("chromium")
    if browser is None:
        real_parts.missing("chromium is not installed (Debian: chromium)")
    profile = f"--user-data-dir={page.parent / 'profile'}"
    done = subprocess.run(
        [browser, *FLAGS, profile, *more, page.as_uri()], capture_output=True, text=True, check=True, timeout=90
    )
    return done.stdout


def test_a_browser_shows_the_answer_and_the_charts(page: Path):
    dom = chromium(page, "--dump-dom")
    assert "Trust score" in dom
    assert dom.count("<svg") > 5
    assert "<script" not in dom


def test_the_page_asks_nothing_of_the_network(page: Path):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"""(?:src|srcset|@import)\s*=?\s*["'(]?https?:""", text) == []
    assert "<link" not in text


def test_the_page_fits_a_phone(page: Path):
    frame = page.with_name("phone.html")
    frame.write_text(
        f"""<!doctype html><iframe id="phone" src="{page.name}" style="width:390px;height:800px;border:0"></iframe>
<script>onload = () => {{ const page = document.getElementById("phone").contentDocument.documentElement;
document.title = "wide=" + page.scrollWidth }}</script>""",
        encoding="utf-8",
    )
    dom = chromium(frame, "--allow-file-access-from-files", "--dump-dom")
    found = re.search(r"<title>wide=(\d+)</title>", dom)
    assert found is not None
    assert int(found[1]) <= 390
