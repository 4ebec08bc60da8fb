"""How much a query may ask for. Its document is read within limits and weighed before anything looks closer at it, and
while it runs it is metered."""

import time
from collections.abc import Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
    validate,
)

from gistd.core import house
from gistd.errors import Invalid

from .schema import SCHEMA

PAGE = 25
"""How many things a page of a list has."""

MAX_ERRORS = 10
_LISTS = frozenset({"pastes", "userWebhooks", "deliveries"})


class Unfit(Invalid):
    """A document that is no query: what is wrong with it."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


class Stopped(BaseException):
    """A query takes too long, or its answer is too large. No Exception: no field has this error, all of it ends."""


class Meter:
    """What is left for a query that runs: of the time for it, and of the size of its answer."""

    def __init__(self) -> None:
        self.end = time.monotonic() + house.settings.query_seconds
        self.left = house.settings.max_query_answer_bytes

    def spend(self, size: int) -> None:
        """Raises Stopped where nothing is left."""
        self.left -= size
        if self.left < 0:
            raise Stopped(f"The answer is larger than {house.settings.max_query_answer_bytes} bytes.")
        if time.monotonic() > self.end:
            raise Stopped(f"The query takes longer than {house.settings.query_seconds} seconds.")


def read(text: str) -> DocumentNode:
    """The document of one operation, which fits the schema. Raises Unfit."""
    try:
        most = house.settings.max_query_tokens
        document = parse(text, max_lexical_tokens=most, max_comments=most)
        _weigh(document)
    except GraphQLError as error:
        raise Unfit([error]) from error
    if errors := validate(SCHEMA, document, max_errors=MAX_ERRORS, hide_suggestions=True):
        raise Unfit(errors)
    return document


def _weigh(document: DocumentNode) -> None:
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) != 1:
        raise GraphQLError(f"A request is for one operation, and there are {len(operations)}.")
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    _Scale(fragments).weigh(operations[0].selection_set)


class _Scale:
    """Adds up the fields of a query. It stops as soon as it is too much, so that it never has more to do than that."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.fragments = fragments
        self.left = house.settings.max_query_tokens  # selections to look at, for fragments that have no fields

    def weigh(self, selected: SelectionSetNode | None, depth: int = 1, listed: bool = False) -> int:
        """What the selections cost: one each, and for each of a page where that is in another page already."""
        if selected is None:
            return 0
        if depth > house.settings.max_query_depth:
            raise GraphQLError(f"The query is nested deeper than {house.settings.max_query_depth} levels.")
        cost = 0
        for selection in selected.selections:
            self.left -= 1
            cost += self._cost(selection, depth + 1, listed)
            if cost > house.settings.max_query_complexity or self.left < 0:
                raise GraphQLError(f"The query asks for more than {house.settings.max_query_complexity} fields.")
        return cost

    def _cost(self, selection: SelectionNode, depth: int, listed: bool) -> int:
        if isinstance(selection, InlineFragmentNode):
            return self.weigh(selection.selection_set, depth, listed)
        if isinstance(selection, FragmentSpreadNode):
            fragment = self.fragments.get(selection.name.value)
            return self.weigh(fragment.selection_set if fragment else None, depth, listed)
        assert isinstance(selection, FieldNode)
        is_list = selection.name.value in _LISTS
        inner = self.weigh(selection.selection_set, depth, listed or is_list)
        return 1 + inner * (PAGE if is_list and listed else 1)
