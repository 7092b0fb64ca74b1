"""What an indicator names in a contract: text in, the object, property or check that is meant out, or a problem."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from observer.checks.changes import plan_changes
from observer.checks.plan import plan_contract
from observer.checks.spec import CheckSpec
from observer.config.odcs_schema import nearest
from observer.config.openslo.page import Element
from observer.contracts.model import Contract, Property, SchemaObject


@dataclass(frozen=True)
class Field:
    """A property and where it belongs."""

    contract: Contract
    object: SchemaObject
    property: Property


class ContractNames:
    """The contracts that indicators may name. A contract is planned once, when it is first asked for its checks."""

    def __init__(self, contracts: Sequence[Contract]) -> None:
        self._contracts = {contract.id: contract for contract in contracts}
        self._checks: dict[str, tuple[CheckSpec, ...]] = {}

    def contract(self, element: Element) -> Contract | None:
        """The contract with this id."""
        text = element.text
        if text is None:
            return None
        found = self._contracts.get(text)
        if found is None:
            fix = one_of(text, self._contracts, "add the contract, or name its folder with --contract")
            element.error("unknown-contract", f"there is no contract `{text}`", fix)
        return found

    def checks(self, contract: Contract) -> tuple[CheckSpec, ...]:
        """Every check of the contract: those of a state and those of what changed."""
        if contract.id not in self._checks:
            others = [other for other in self._contracts.values() if other.id != contract.id]
            plan = plan_contract(contract, others)
            self._checks[contract.id] = (*plan.checks, *plan_changes(contract, plan))
        return self._checks[contract.id]

    def object(self, element: Element, contract: Contract) -> SchemaObject | None:
        """The object with this name, or this name in the database."""
        return self._object(element, contract, element.text) if element.text else None

    def field(self, element: Element, contract: Contract) -> Field | None:
        """What `object.property` names."""
        if element.text is None:
            return None
        owner, dot, name = element.text.rpartition(".")
        if not dot:
            names = [o.name for o in contract.objects if _property(o, name)]
            fix = f"write `{names[0]}.{name}`" if names else "write object.property, e.g. leads.email"
            element.error("unknown-field", f"`{element.text}` names no object", fix)
            return None
        obj = self._object(element, contract, owner)
        prop = self.property(element, obj, name) if obj else None
        return Field(contract, obj, prop) if obj and prop else None

    def property(self, element: Element, obj: SchemaObject, name: str | None = None) -> Property | None:
        """The property with this name, or this name in the database; `name` when the element holds more than it."""
        wanted = name or element.text
        if wanted is None:
            return None
        found = _property(obj, wanted)
        if found is None:
            fix = one_of(wanted, [p.name for p in obj.properties], f"add it to {obj.name}")
            element.error("unknown-field", f"{obj.name} has no property `{wanted}`", fix)
        return found

    def check(self, spec: Element, contract: Contract) -> CheckSpec | None:
        """What `check: ID`, or `field` with `rule`, names in the spec of an indicator."""
        if spec.has("check"):
            if spec.has("field") or spec.has("rule"):
                message = "the check is named twice: by its id, and by `field` and `rule`"
                spec.at("check").error("check-named-twice", message, "keep one of the two")
                return None
            return self._by_id(spec.at("check"), contract)
        if not spec.has("field"):
            fix = "add `check: ID`, or `field: object.property` and `rule: …`; the report of an audit shows the ids"
            spec.error("missing-key", "the check is not named", fix)
            return None
        field = self.field(spec.at("field"), contract)
        at = spec.at("rule") if spec.has("rule") else spec.at("field")
        return self.rule(at, field, spec.at("rule").text) if field else None

    def rule(self, element: Element, field: Field, name: str | None) -> CheckSpec | None:
        """The check of that name on the field, `required` where none is said. Problems stand at the element."""
        wanted = name or "required"
        known = {
            check.rule_name: check
            for check in self.checks(field.contract)
            if check.object == field.object.name and check.property == field.property.name
        }
        if wanted not in known:
            message = f"{field.object.name}.{field.property.name} has no rule `{wanted}`"
            if not name:
                message = (
                    f"{field.object.name}.{field.property.name} is not required by its contract, and no rule is named"
                )
            fix = one_of(wanted, known, "add the rule to the contract")
            if not name:
                fix = "make the field `required` in the contract, or name the rule that has to hold"
            element.error("unknown-check", message, fix)
        return known.get(wanted)

    def _object(self, element: Element, contract: Contract, name: str) -> SchemaObject | None:
        found = contract.object(name) or next((o for o in contract.objects if o.physical_name == name), None)
        if found is None:
            fix = one_of(name, [o.name for o in contract.objects], f"add it to {contract.id}")
            element.error("unknown-field", f"{contract.id} has no object `{name}`", fix)
        return found

    def _by_id(self, element: Element, contract: Contract) -> CheckSpec | None:
        if element.text is None:
            return None
        known = {check.id: check for check in self.checks(contract)}
        found = known.get(element.text)
        if found is None:
            own = [check.id for check in known.values() if check.rule_name == element.text]
            fix = f"write `{own[0]}`" if own else one_of(element.text, known, "the report of an audit shows the ids")
            element.error("unknown-check", f"{contract.id} has no check `{element.text}`", fix)
        return found


def _property(obj: SchemaObject, name: str) -> Property | None:
    return obj.property(name) or next((p for p in obj.properties if p.physical_name == name), None)


def one_of(word: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for a name that is not there: the one that was probably meant, or those that there are."""
    names = list(known)
    near = nearest(word, names)
    if near:
        return f"write `{near}`"
    return f"write one of {', '.join(names)}" if 0 < len(names) <= 12 else otherwise
