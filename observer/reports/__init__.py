"""An Audit for people and machines: terminal, HTML, JSON, JUnit, CSV; and runs of the past."""

from observer.reports.runs import render_run, render_runs

__all__ = ["render_run", "render_runs"]
