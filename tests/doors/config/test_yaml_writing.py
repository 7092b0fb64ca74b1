"""YAML as it is written: what comes back is what went in, and a person can read it."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from observer.config.yaml_writing import yaml_text

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40)
lines = st.lists(texts, max_size=3).map("\n".join)
values = st.recursive(
    lines | st.integers() | st.booleans(), lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v)
)


@given(values)
def test_what_is_read_back_is_what_was_written(value: object) -> None:
    assert yaml.safe_load(yaml_text(value, comment="of a test")) == value


def test_several_lines_are_a_block_and_keys_keep_their_order() -> None:
    written = yaml_text({"b": "sum(x)\n/\ny", "a": ["plain", "{{ braces }}"]}, comment="made\n\nof this")
    assert written == ("# made\n#\n# of this\nb: |-\n  sum(x)\n  /\n  y\na:\n- plain\n- '{{ braces }}'\n")


def test_what_stands_twice_is_written_twice() -> None:
    twice = {"slo": "a"}
    assert yaml_text([twice, twice], comment="x") == "# x\n- slo: a\n- slo: a\n"
