"""Data-quality observability for CRM data. Contracts in, the truth about your tables out.

The rooms, from the bottom up; imports only go down (enforced by import-linter):

rules   contracts/ checks/                                 frozen dataclasses and pure functions
doors   config/ sources/ snapshots/ gx/ store/ reports/    one outside thing each; they do not know each other
jobs    jobs/ and wiring.py                                the only place where rules and doors meet
faces   cli/                                               what a person touches
"""

__version__ = "0.1.0"
