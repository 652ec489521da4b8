"""``python -m tests.golden``: writes the golden lives that are missing, and no other.

A life that is there is history: it is written again only for a decision, which is named and kept in the file:
``python -m tests.golden --because "ADR 23: ..." complaint_goes_its_whole_way``.
"""

import argparse
import sys
from dataclasses import replace
from importlib import import_module

from tests.golden.lives import FOLDER, read, write
from tests.golden.recording import recorded

STORIES = {
    "complaint": (
        "a_complaint_goes_its_whole_way",
        "a_refusal_is_coded_reviewed_by_another_and_told",
        "each_promise_to_the_customer_is_a_clock_of_its_own",
        "a_second_return_goes_to_the_supervisor_who_rules_on_the_owner",
        "a_result_the_customer_rejects_begins_another_round_at_once",
        "an_urgent_case_asks_the_supervisor_at_once_and_never_less_again",
    ),
    "service_order": (
        "an_order_goes_its_whole_way",
        "a_plan_the_customer_declines_is_made_and_signed_anew",
        "progress_is_pushed_at_agreed_nodes_and_a_missed_push_is_a_breach",
        "a_serious_problem_goes_to_the_superior_and_comes_back_with_the_customers_consent",
        "a_change_and_a_cancellation_tell_their_effect",
    ),
    "inquiry": (
        "a_consultation_goes_its_whole_way",
        "an_inquiry_that_nobody_answers_is_reminded_and_escalated",
        "the_clocks_rest_while_the_customer_is_asked",
        "praise_is_passed_on_and_the_customer_is_thanked",
        "a_lead_is_a_salespersons_until_it_is_won",
    ),
    "evaluation": (
        "a_negative_evaluation_cannot_be_hidden",
        "a_doubt_is_marked_with_evidence_by_a_reviewer_and_cleared_by_another",
    ),
    "finding": (
        "a_finding_is_dropped_only_by_two_people_with_a_coded_reason",
        "rectification_runs_to_the_agreed_date_or_to_the_packs_limit",
        "what_had_no_effect_goes_another_round_one_level_higher",
    ),
    "improvement_plan": (
        "plans_are_due_by_a_date_and_late_ones_escalate",
        "a_recurrence_within_the_watch_opens_another_round_else_it_is_archived",
    ),
    "interruption": ("a_false_alarm_is_called_off_by_a_manager",),
    "violation": (
        "an_anonymous_report_goes_its_whole_way",
        "the_accused_has_no_part_in_it",
        "who_investigates_does_not_decide",
        "the_accused_may_accept_the_decision_before_the_time_to_appeal_ends",
    ),
}
"""Which stories are told: each ends with one case, whose name its file bears."""


def main() -> int:
    """Write what is missing, or what a decision has changed; returns the exit code."""
    parser = argparse.ArgumentParser("python -m tests.golden", description=__doc__)
    parser.add_argument("--because", help="the decision by which what was recorded may end otherwise")
    parser.add_argument("lives", nargs="*", help="which of them, as their files are called")
    told = parser.parse_args()
    if bool(told.because) != bool(told.lives):
        parser.error('a life is rewritten by its name, for a decision that is named: --because "..." NAME')
    for kind, names in STORIES.items():
        for name in names:
            path = FOLDER / f"{kind}-{name}.json"
            if path.exists() and path.stem not in told.lives:
                continue
            before = read(path).rewritten if path.exists() else ()
            module = import_module(f"tests.stories.test_{kind}_story")
            life = recorded(getattr(module, f"test_{name}"))
            write(path, replace(life, rewritten=(*before, told.because) if before or path.exists() else ()))
            print(path.stem)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
