"""Grafana's dashboards, as code. In: nothing. Out: the JSON in deploy/grafana/dashboards.

`python -m deploy.grafana.source` writes it; with `--check` it only says, by its exit code, whether anything differs.
One module per dashboard; `panels.py` draws, `shared.py` holds what they have in common: words, colours, variables.
"""
