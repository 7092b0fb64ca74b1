"""Slack: messages of incidents, the people they call, and buttons that come back. Only this room knows slack_sdk."""
