"""What a language model in the roles of memory designs makes of them, beside the rules.

    python benchmarks/roles.py runs/models/smollm2-135m karma nemori mem_agent:turns_per_chunk=7

Short synthetic test streams, a fifth of the turns and tokens, the extractive reader. A line is printed as
soon as it is measured. The model is served in this process, as `--roles kind=model` serves it.
"""

from __future__ import annotations

import argparse
from typing import Any

import memdojo
from memdojo.agents.designs.registry import make_design
from memdojo.agents.designs.roles.protocol import Roles
from memdojo.agents.designs.roles.registry import make_roles
from memdojo.agents.designs.roles.rules import RuleRoles
from memdojo.agents.designs.roles.settings import ServedRolesSettings
from memdojo.agents.designs.running.policy import DesignManager
from memdojo.eval.tables.results import role_counts, token_costs

SIZES = {"num_sessions": 2, "turns_per_session": 14, "num_facts": 6, "num_questions": 6}


def main() -> None:
    """Measure each design with rules and with the model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="Folder of the model.")
    parser.add_argument("designs", nargs="+", help="Names, with parameters: mem_agent:turns_per_chunk=7.")
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--num-streams", type=int, default=6)
    options = parser.parse_args()
    model = make_roles(ServedRolesSettings(model=options.model, engine=options.engine, dtype=options.dtype))
    headers = ("design", "roles", "token F1", "written", "read", "ms a turn", "calls", "unreadable")
    print(f"| {' | '.join(headers)} |")
    print(f"|{'---|' * len(headers)}", flush=True)
    for spec in options.designs:
        for name, roles in (("rules", RuleRoles()), ("model", model)):
            print(_row(spec, name, roles, options.num_streams), flush=True)


def _row(spec: str, name: str, roles: Roles, num_streams: int) -> str:
    manager = DesignManager(_design(spec), roles=roles, name="design")
    report = memdojo.evaluate(
        manager,
        "synthetic:test",
        memdojo.EvalChoices(capacity_share=0.2),
        stream_options={"num_streams": num_streams, **SIZES},
    )
    score = report.summary.set_index("policy").loc["design"]
    streams = report.evaluation.streams
    mine = streams[streams["policy"] == "design"]
    costs, counts = token_costs(mine), role_counts(streams).get("design")
    calls, unreadable = ("", "") if counts is None else _calls(counts)
    values = (
        f"{score['score']:.1%} [{score['low']:.1%}, {score['high']:.1%}]",
        f"{costs.written:.1f}",
        f"{costs.read:.1f}",
        f"{1000 * mine['seconds'].sum() / mine['turns'].sum():,.1f}",
        calls,
        unreadable,
    )
    return f"| {spec} | {name} | {' | '.join(values)} |"


def _calls(counts: dict[str, int]) -> tuple[str, str]:
    return f"{counts['calls']:,}", f"{counts['unreadable'] / max(counts['calls'], 1):.1%}"


def _design(spec: str) -> Any:
    name, _, parameters = spec.partition(":")
    pairs = (each.partition("=") for each in parameters.split(",") if each)
    return make_design(name, **{key: int(value) for key, _, value in pairs})


if __name__ == "__main__":
    main()
