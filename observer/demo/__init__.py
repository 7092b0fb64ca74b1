"""A demo CRM with believable dirt, from a seed, at any size."""

from observer.demo.build import build_demo_crm, demo_contracts
from observer.demo.summary import DemoSummary, Dirt

__all__ = ["DemoSummary", "Dirt", "build_demo_crm", "demo_contracts"]
