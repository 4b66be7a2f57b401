"""Parts that pay a step for what it does to answers, instead of paying for the answers when they come."""

from __future__ import annotations

from typing import Any

from memdojo.registry import first_line

from .outcomes import AnswerabilityOutcome, StepOutcome
from .parts import PARTS, PartFunction, RewardPart


def answerability(outcome: StepOutcome) -> float | None:
    """Gain in how well the memory answers the questions to come, over a step's operations; in [-1, 1].

    With Q the questions of the episode, M_t the memory after step t, and s(q, M) the score of the answer to
    q that is read from M,

        r_t = Phi_t - Phi_{t-1},    Phi_t = (sum over q in Q of s(q, M_min(t, t_q))) / |Q|

    where q is asked after step t_q. Until then a question is answered anew from every memory; its score as
    it is asked stays in the sum from then on, so a question that leaves the set neither pays nor costs, and
    both potentials of a step are over the same questions. So this is shaping in the sense of Ng, Harada and
    Russell (1999) with a discount of 1, and the rewards of an episode telescope to

        mean over q of s(q, M_{t_q}) - s(q, the empty memory),

    the episode's score less a constant. As the last potential depends on the policy, this does not leave the
    optimal policy of any other reward as it was: it is the same as to add the score itself.

    The utility of a write by HiMPO (arXiv:2606.16285) without its filter, over all questions to come;
    `evidence_kept` is the same by the labels of the evidence, and cannot pay for what is outdated.

    Returns:
        None if an answer is missing.

    Raises:
        ValueError: If nobody asked the questions to come.
    """
    return None if _measured(outcome).error else _gain(outcome)


def attribution(outcome: StepOutcome) -> float | None:
    """Share of the mean score of all answers that goes back to what the step wrote, in [0, 1].

    With n questions, s_j the score of the answer to question j and M_j the entries that it was read from,

        r_t = sum over j of (sum over m in M_j of [t in V(m)] / |V(m)|) * s_j / (|M_j| * n)

    where V(m) are the steps that wrote entry m as it was then: the one that added it, and those that changed
    its text. An answer that was read from no entry is booked to the step of its question. So the rewards of
    an episode add up to its mean score, whatever is booked where.

    Evidence-anchored attribution by Fine-Mem (arXiv:2601.08435), N_t, whose entries have one step each; the
    equal parts of an entry's versions follow Hindsight Memory-PRM (arXiv:2608.29605), which passes the credit
    of an entry on along them.

    What a step wrote is read after it, so a step's part is known when its episode has ended. Until then, as
    in an environment that pays at once, all of an answer is booked to the step of its question.

    Returns:
        None if the answer to one of the step's own questions is missing.

    Raises:
        ValueError: If nobody books the scores.
    """
    attributed = _attributed(outcome)
    return None if any(question.answer is None for question in outcome.questions) else attributed


def _gain(outcome: StepOutcome) -> float:
    measured = _measured(outcome)
    return measured.after - measured.before


def _measured(outcome: StepOutcome) -> AnswerabilityOutcome:
    if outcome.answerability is None:
        raise ValueError(
            f"the questions to come were not asked at step {outcome.step}, and the reward has a part that "
            "pays for their answers; have the episode built by rules with this reward and an answerer."
        )
    return outcome.answerability


def _attributed(outcome: StepOutcome) -> float:
    if outcome.attributed is None:
        raise ValueError(
            f"no scores of answers are booked to step {outcome.step}, and the reward has a part that pays "
            "for them; have the episode built by rules with this reward and an answerer."
        )
    return outcome.attributed


def _add(name: str, function: PartFunction, **flags: Any) -> None:
    part = RewardPart(name, function, needs_answers=True, needs_evidence=False, by_step=True, **flags)
    PARTS.add(name, part, description=first_line(function))


_add("answerability", answerability, needs_answerability=True, at_worst=_gain)
_add("attribution", attribution, needs_attribution=True, at_worst=_attributed)
