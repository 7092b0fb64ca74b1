"""SLOs → the rule file for Prometheus, compared with the one on disk. Deterministic, as suites are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from observer.config.yaml_writing import yaml_text
from observer.jobs.generated_files import GeneratedFile, present_text
from observer.metrics.prometheus_rules import document, rule_groups
from observer.slo.model import Slo

#: By its first line a file is known as one of ours.
_COMMENT = """\
Rules for Prometheus, made of slo.yaml by `observer generate`: change that, not this.
Recorded under the names of Sloth, so that its dashboards work. docs/metrics.md speaks of each alert; promtool's
timelines in tests/ prove that they fire and end."""


def compare_rules(slos: Sequence[Slo], path: Path) -> tuple[GeneratedFile, ...]:
    """The rule file beside what stands there; nothing when there are no SLOs and no file of ours is left over."""
    present = present_text(path)
    if slos:
        wanted = yaml_text(document(rule_groups(slos)), comment=_COMMENT)
        return (GeneratedFile(path=path, wanted=wanted, present=present),)
    if present is not None and present.startswith(f"# {_COMMENT.splitlines()[0]}\n"):
        return (GeneratedFile(path=path, wanted=None, present=present),)
    return ()
