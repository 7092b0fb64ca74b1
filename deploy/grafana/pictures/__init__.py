"""Pictures of the dashboards for the docs, where no Grafana can be had. In: the committed JSON. Out: PNG files.

`python -m deploy.grafana.pictures` asks a Prometheus the very queries of the dashboards, and draws the answers by the
titles, units, words, colours and places that the JSON has. Needs Debian's `prometheus` and `chromium`.
"""
