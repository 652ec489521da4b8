"""``python -m tests.golden``: records the golden cases that are missing, and no others.

An existing file is history: it is recorded again only for a decision, which is named and kept in the file:
``python -m tests.golden --because "ADR 23: ..." complaint_goes_its_whole_way``.
"""

import argparse
import sys
from dataclasses import replace
from importlib import import_module

from tests.golden.golden_case import FOLDER, read, write
from tests.golden.recording import record

STORIES = {
    "complaint": (
        "a_complaint_goes_its_whole_way",
        "a_refusal_is_coded_and_reviewed_by_another_person",
        "each_promise_to_the_customer_has_its_own_timer",
        "a_second_return_goes_to_the_supervisor_who_rules_on_the_owner",
        "a_result_the_customer_rejects_begins_another_round_at_once",
        "an_urgent_case_asks_the_supervisor_at_once_and_never_less_again",
    ),
    "service_order": (
        "an_order_goes_its_whole_way",
        "a_plan_the_customer_declines_is_made_and_signed_again",
        "progress_is_pushed_at_agreed_nodes_and_a_missed_push_is_a_breach",
        "a_serious_problem_goes_to_the_superior_and_comes_back_with_the_customers_consent",
        "a_change_and_a_cancellation_state_their_effect",
    ),
    "inquiry": (
        "a_consultation_goes_its_whole_way",
        "an_inquiry_that_nobody_answers_is_reminded_and_escalated",
        "the_timers_pause_while_the_customer_is_asked",
        "praise_is_passed_on_and_the_customer_is_thanked",
        "a_lead_is_a_salespersons_until_it_is_won",
    ),
    "evaluation": (
        "a_negative_evaluation_cannot_be_hidden",
        "a_doubt_is_marked_with_evidence_by_a_reviewer_and_cleared_by_another",
    ),
    "evaluation_cycle": ("a_cycle_without_a_plan_is_closed_all_the_same",),
    "finding": (
        "a_finding_is_dropped_only_by_two_people_with_a_coded_reason",
        "rectification_runs_to_the_agreed_date_or_to_the_packs_limit",
        "a_finding_without_effect_goes_another_round_one_level_higher",
    ),
    "improvement_plan": (
        "plans_are_due_by_a_date_and_late_ones_escalate",
        "a_recurrence_within_the_watch_opens_another_round_else_it_is_archived",
    ),
    "interruption": ("a_false_alarm_is_called_off_by_a_manager",),
    "violation": (
        "an_anonymous_report_goes_its_whole_way",
        "the_accused_has_no_part_in_it",
        "the_investigators_do_not_decide",
        "the_accused_may_accept_the_decision_before_the_time_to_appeal_ends",
    ),
    "training": ("a_training_goes_from_the_proposal_to_the_certificate", "whoever_fails_one_part_is_examined_again"),
    "staff_proposal": (
        "a_trial_without_effect_leads_back_to_the_decision",
        "a_proposal_is_declined_with_the_reason_told_to_the_proposer",
    ),
    "third_party_evaluation": ("a_planned_evaluation_awaits_its_scores_until_the_date",),
    "forum": ("a_forum_without_an_action_says_why_and_is_closed_by_the_evaluation_group",),
    "appraisal": ("whom_nothing_is_known_of_has_no_score",),
    "survey_invitation": ("an_invitation_is_answered_after_a_reminder",),
}
"""The stories that are recorded: each has one case and names its file."""


def main() -> int:
    """Record what is missing, or what a decision has changed; return the exit code."""
    parser = argparse.ArgumentParser("python -m tests.golden", description=__doc__)
    parser.add_argument("--because", help="the decision that changes the recorded outcome")
    parser.add_argument("lives", nargs="*", help="the golden cases to record again, by the names of their files")
    options = parser.parse_args()
    if bool(options.because) != bool(options.lives):
        parser.error('a golden case is recorded again by its name, with the decision: --because "..." NAME')
    for kind, names in STORIES.items():
        for name in names:
            path = FOLDER / f"{kind}-{name}.json"
            if path.exists() and path.stem not in options.lives:
                continue
            before = read(path).rewritten if path.exists() else ()
            module = import_module(f"tests.stories.test_{kind}_story")
            case = record(getattr(module, f"test_{name}"))
            write(path, replace(case, rewritten=(*before, options.because) if before or path.exists() else ()))
            print(path.stem)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
