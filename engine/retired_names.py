"""Names as the record has them: the lists that a query must look for where a name was retired."""

from statemachines.kinds import kept_with_lifecycles, recorded_names


@kept_with_lifecycles(1024)
def recorded_as(sort: str, *names: str) -> str:
    """Return names of the code and the retired names that they replaced in any kind, as the items of an SQL list.

    ``sort`` is ``state``, ``move`` or ``clause``. The names are those of our tables, so they need no escaping.
    """
    return ", ".join(f"'{name}'" for name in recorded_names(sort, *names))
