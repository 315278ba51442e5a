"""What is told of exceptions."""

from grading.witness import VECTOR_NAMES


def vector_name(vector):
    """ "#GP" for 13."""
    return VECTOR_NAMES.get(vector, f"vector {vector}")


def fault_facts(vector, error, address):
    """What is told of an exception."""
    facts = [("vector", f"{vector}")]
    facts += [("error code", f"{error:#x}")] if error is not None else []
    return facts + ([("address (CR2)", f"{address:#x}")] if address is not None else [])


def nested_facts(faults):
    """What is told of the exceptions that came while an exception's handler was looked up."""
    said = [vector_name(vector) + (f" (CR2 {address:#x})" if address is not None else "")
            for vector, _, address in faults]
    return [("on the way to its handler", ", ".join(said))] if said else []
