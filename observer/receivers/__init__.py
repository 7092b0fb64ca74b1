"""Receivers of incidents beside Slack: a webhook, and an Alertmanager."""
