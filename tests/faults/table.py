"""The faults: what happens, what is seen, how it recovers, and which tests show it. docs/faults.md is made from here:
python -m tests.faults.table"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"
HERE = "tests/faults/"
AGAIN = "The next run does what was left."
KILLING, BASE = HERE + "test_killing.py::", HERE + "test_database.py::"
DISK, CLOCK, NAMES = HERE + "test_disk.py::", HERE + "test_clock.py::", HERE + "test_names.py::"
BACKLOG = "tests/cluster/test_cluster.py::test_a_backlog_is_done_once_whatever_worker_network_and_database_do"
VERSIONS, AT_ONCE = HERE + "test_versions.py::", HERE + "test_at_once.py::"


@dataclass(frozen=True)
class Fault:
    """One row. line: the one line that the command ends with, … for what differs; seen: in words, where none is."""

    id: str
    happens: str
    recovers: str
    tests: tuple[str, ...]
    line: str = ""
    seen: str = ""
    lost: str = "nothing"


KILLED = (
    Fault(
        "crawl-killed", "kill -9 of a crawl, after the feed, after any page", "What it held is free at once, not after "
        "its lease; the next crawl fetches what is left.",
        ("tests/spiders/test_killing.py::test_a_kill_between_a_feeds_entries_and_its_first_page_loses_nothing",
         "tests/spiders/test_killing.py::test_kills_after_any_page_lose_nothing_and_fetch_nothing_twice",
         "tests/collect/test_crawl.py::test_a_killed_child_is_named_in_the_result"),
        seen="the source's state is “ended by signal 9”",
    ),
    Fault(
        "collect-killed", "kill -9 of `collect` while its crawl runs", "The crawl dies with it. " + AGAIN,
        (KILLING + "test_collect_with_its_crawl", "tests/collect/test_crawl.py::test_no_child_outlives_its_parent"),
    ),
    Fault(
        "understand-killed", "kill -9 of `understand`: while it cuts, indexes copies, scores, reads clues, judges "
        "pairs, makes incidents, opens alerts, and in the middle of a commit",
        "The batch in hand is done again; a commit that had been asked for is carried out by the server.",
        (KILLING + "test_understand_at_each_stage",
         "tests/incidents/test_understand.py::"
         "test_killed_at_ten_moments_and_run_again_it_ends_where_one_run_would_have"),
    ),
    Fault(
        "digest-killed", "kill -9 of `digest`: while it seals days, while it notes what to send, while it sends",
        "Days and notes are whole or not there. A message that was on its way is sent once more under the same "
        "Message-ID: a second copy only where nobody knows of the first.",
        (KILLING + "test_digest_while_it_notes_what_to_send",
         "tests/evidence/test_manifests.py::test_killed_while_closing_it_goes_on_where_it_was",
         "tests/digest/test_thousand.py::"
         "test_every_mailbox_holds_its_digest_and_second_copies_only_where_that_was_unknown"),
    ),
    Fault(
        "retrain-killed", "kill -9 of `retrain` before it keeps and promotes", "The champion stays; the next one "
        "trains anew.", (KILLING + "test_retrain_before_it_promotes",), lost="nothing but the training",
    ),
    Fault(
        "backup-killed", "kill -9 of `backup` half way", "The backup before stays; the unfinished file beside it is "
        "removed by the next one.", (KILLING + "test_backup_half_way", "tests/test_files.py::"
        "test_what_a_killed_process_left_is_removed_by_the_next"), lost="nothing but that backup",
    ),
    Fault(
        "restore-killed", "kill -9 of `restore` half way", "The database is as empty as before; restore it again.",
        (KILLING + "test_restore_half_way",),
    ),
    Fault(
        "upgrade-killed", "kill -9 of `db upgrade` half way", "The schema is that of before; upgrade again.",
        (KILLING + "test_upgrade_half_way_and_a_worker_meanwhile",),
    ),
    Fault(
        "server-killed", "kill -9 of the embedded server under a worker",
        "The next command starts it; it comes back with all that was committed.",
        (KILLING + "test_the_embedded_server",),
        line="the database failed: …server closed the connection unexpectedly",
    ),
    Fault(
        "lock-file-stale", "power cut, or a new container: the server's lock file names a process that is another one "
        "now", "The next command starts the server.", (KILLING + "test_a_lock_file_that_names_another_process",),
    ),
    Fault(
        "review-killed", "kill -9 of the review app while a decision is stored",
        "Start it and decide again: there is no half decision.",
        (KILLING + "test_the_review_app_while_somebody_decides",),
        seen="the browser says that the connection broke",
    ),
    Fault(
        "run-killed", "kill -9 of `run`", "A guard ends what it had started, the database server included; start it "
        "again.", ("tests/cli/test_supervisor.py::test_after_kill_9_the_guard_leaves_nothing",
        "tests/store/test_embedded.py::test_a_killed_command_leaves_a_server_that_the_next_one_stops"),
    ),
)  # fmt: skip
DATABASE = (
    Fault(
        "database-stopped", "PostgreSQL is stopped before a command", "Start it; nothing was begun.",
        (BASE + "test_stopped_before_a_command",), line="the database … does not answer: …",
    ),
    Fault(
        "database-restarted", "PostgreSQL is restarted under a worker", AGAIN,
        (BASE + "test_restarted_under_a_worker",),
        line="the database failed: …",
    ),
    Fault(
        "backup-database-gone", "PostgreSQL is restarted under a backup", "No file is left; run it again.",
        (BASE + "test_restarted_under_a_backup",), line="the database failed: …",
    ),
    Fault(
        "crawl-database-gone", "PostgreSQL is restarted under a crawl",
        "The next crawl fetches what could not be stored.",
        (BASE + "test_restarted_under_a_crawl",), seen="the source's state",
    ),
    Fault(
        "watch-database-gone", "PostgreSQL is restarted under `collect --watch`", "It says so and goes on with the "
        "next round.", (BASE + "test_restarted_under_one_that_watches",), seen="a line a round",
    ),
    Fault(
        "run-database-gone", "PostgreSQL by address is restarted under `run`", "It says so, goes on, and says how "
        "things stand again.", (HERE + "test_running.py::test_a_database_by_url_that_is_gone_for_a_while",),
        line="the database failed: …",
    ),
    Fault(
        "run-server-gone", "the embedded server ends under `run`", "Everything is stopped in order; start it again.",
        (HERE + "test_running.py::test_an_embedded_database_that_has_ended",),
        line="the embedded database has ended; its log says why: …",
    ),
    Fault(
        "review-database-gone", "PostgreSQL is restarted under the review app", "The next page is answered as soon as "
        "it is back.", (BASE + "test_restarted_under_the_review_app",),
        seen="a page: “Something went wrong here. It is not your fault, and nothing was changed.”",
    ),
    Fault(
        "database-full", "the disk of PostgreSQL's tables is full", "Make room. " + AGAIN, (BASE + "test_a_full_disk",),
        line="the database failed: could not extend file …: No space left on device",
    ),
    Fault(
        "log-disk-full", "the disk of PostgreSQL's log of writes is full: the server stops itself",
        "Make room; the next command starts it.", (BASE + "test_a_disk_too_full_for_the_log_of_writes",),
        line="the database failed: …",
    ),
    Fault(
        "database-read-only", "PostgreSQL is read-only, as a standby is", "Reading goes on; repeat what was refused.",
        (BASE + "test_read_only",), line="the database failed: cannot execute … in a read-only transaction",
    ),
    Fault(
        "database-crowded", "PostgreSQL has no connection left", "Run it again.", (BASE + "test_out_of_connections",),
        line="the database … does not answer: …too many connections…",
    ),
    Fault(
        "database-silent", "PostgreSQL, or something before it, takes the call and never answers",
        "Given up after 10 seconds.", (BASE + "test_a_server_that_takes_the_call_and_never_answers",),
        line="the database … does not answer: …timeout…",
    ),
    Fault(
        "database-cut-off", "the network between a worker and PostgreSQL is cut, and nobody is told",
        "Noticed by both within a minute. " + AGAIN, (BASE + "test_a_wire_that_is_cut_under_a_worker",
        "tests/store/test_engine.py::test_a_server_over_the_network_asks_whether_we_are_there"),
        line="the database failed: …",
    ),
    Fault(
        "statement-cancelled", "an administrator cancels a statement", "Run it again.",
        (BASE + "test_a_cancelled_statement",), line="the database failed: canceling statement due to user request",
    ),
    Fault(
        "deadlock", "a deadlock with a process that is not ours", AGAIN, (BASE + "test_a_deadlock",),
        line="the database failed: deadlock detected",
    ),
)  # fmt: skip
DISKS = (
    Fault(
        "disk-full", "the disk of an export, evidence file, model or backup is full",
        "Make room, run it again; what stood there before stays.", (DISK + "test_exports_evidence_models_and_backups",),
        line="…: the disk is full; free some space and run it again",
    ),
    Fault(
        "digest-disk-full", "the disk of the digest's files is full", "Make room, run it again.",
        ("tests/cli/test_errors.py::test_a_full_disk_is_one_line_and_nothing_half_written",),
        seen="`…: the disk is full; free some space and run it again`",
    ),
    Fault(
        "embedded-disk-full", "no room for the embedded database", "Make room, run it again.",
        ("tests/cli/test_errors.py::test_the_embedded_database_on_a_full_disk_is_one_line",),
        seen="`…: the disk is full; free some space and run it again`",
    ),
)  # fmt: skip
CLOCKS_AND_NAMES = (
    Fault(
        "clock-wrong", "the clock of a machine is set forward or back, by more than a quarter of an hour",
        "Set it; until then nothing is asked for, sealed or sent from there.",
        (CLOCK + "test_a_machine_whose_clock_is_wrong_writes_nothing",
         CLOCK + "test_a_crawl_whose_clock_is_wrong_asks_nobody"),
        line="the clock of this machine says … and that of the database … (UTC); set the wrong one",
    ),
    Fault(
        "clock-off", "clocks differ by minutes", "Leases and the gaps between requests keep the database's time.",
        (CLOCK + "test_a_clock_that_is_minutes_off_still_works",
         "tests/store/test_leases.py::test_a_lease_past_its_time_is_free_though_its_holder_lives",
         "tests/spiders/test_sharing.py::test_four_processes_keep_the_gap_of_a_host_between_any_two_requests"),
    ),
    Fault(
        "name-gone", "the name of one source does not resolve", "The others go on; it is asked again at its next turn.",
        (NAMES + "test_one_source_whose_name_is_gone_for_a_while",),
        seen="`gone: dns: the host has no address: moved, gone, or blocked here`",
    ),
    Fault(
        "names-gone", "no name resolves", "Asked again at the next turn.",
        ("tests/cli/test_errors.py::test_without_a_network_each_source_has_a_named_state",),
        seen="each source's state is `dns`",
    ),
    Fault(
        "source-hangs", "a source takes the connection and never answers, or breaks it off",
        "Asked up to three times, then again later.",
        ("tests/spiders/test_faults.py::test_each_fault_of_a_feed_is_a_named_state_and_the_others_go_on",
         "tests/spiders/test_faults.py::test_each_fault_of_a_page_is_a_named_state_of_its_entry"),
        seen="the state `timeout`, `connection` or `cut-short`",
    ),
)  # fmt: skip
AGES = (
    Fault(
        "schema-behind", "a worker that is newer than the schema, or works while it is upgraded",
        "`kzmonitor db upgrade`",
        (VERSIONS + "test_a_schema_that_is_behind", KILLING + "test_upgrade_half_way_and_a_worker_meanwhile"),
        line="the database schema is at …, this version needs …; run: kzmonitor db upgrade",
    ),
    Fault(
        "schema-ahead", "a worker that is older than the schema", "It works on, the same to the last row.",
        (VERSIONS + "test_a_worker_that_is_older_than_the_schema",
         "tests/store/test_engine.py::test_code_runs_on_the_schema_after_its_own"),
    ),
    Fault(
        "migration-meanwhile", "a migration while a worker is in the middle of its work", "Each waits for the other's "
        "locks; both end well.", (VERSIONS + "test_a_migration_under_a_worker_that_is_older_than_it",),
    ),
    Fault(
        "model-old", "the champion was kept in a format that this version does not read",
        "Promote another one; nothing was scored meanwhile.", (VERSIONS + "test_a_champion_of_an_old_format",),
        line="model …: Not a kzmonitor model, or a damaged one (format …); train it anew: kzmonitor train; or go back: "
        "kzmonitor model rollback",
    ),
    Fault(
        "model-tampered", "the stored champion is not what was stored", "`kzmonitor model rollback`",
        ("tests/incidents/test_understand.py::test_a_model_that_was_tampered_with_is_not_used",),
        seen="`model …: its stored file does not match its hash; run: kzmonitor model rollback`",
    ),
    Fault(
        "model-changes", "another model becomes champion while a worker scores", "The worker ends with the old one; "
        "the next run scores with the new one.", (VERSIONS + "test_a_champion_that_changes_while_a_worker_scores",),
    ),
    Fault(
        "two-workers", "two `understand` at once, as of two schedulers", "They share the work.",
        (AT_ONCE + "test_two_workers",
         "tests/incidents/test_grouping.py::test_any_number_of_workers_makes_the_incidents_that_one_makes"),
    ),
    Fault(
        "two-crawls", "two crawls of one source at once", "Each page is fetched once.",
        ("tests/spiders/test_sharing.py::test_two_crawls_of_one_source_at_once_fetch_each_page_once",),
    ),
    Fault(
        "two-digests", "two `digest` at once", "Everybody gets one.", (AT_ONCE + "test_two_digests",
        "tests/digest/test_outbox.py::test_several_senders_at_once_send_each_mail_once"),
    ),
    Fault("two-upgrades", "two `db upgrade` at once", "One waits for the other.", (AT_ONCE + "test_two_upgrades",)),
)  # fmt: skip
CLUSTER = (
    Fault(
        "worker-killed", "kill -9 of a worker of a cluster with all its tasks", "Its silence is noticed within a "
        "minute; its tasks are tried again elsewhere, and what it held in the database is free at once.", (BACKLOG,),
        seen="in Airflow, the task's next try",
    ),
    Fault(
        "worker-cut-off", "a worker of a cluster is cut off the network for a minute", "Its tasks are tried again "
        "elsewhere; what it still does when it is back finds its lease gone or nothing left.", (BACKLOG,),
        seen="in Airflow, the task's next try",
    ),
    Fault(
        "cluster-database", "PostgreSQL is restarted under a cluster", "What was under way fails and is tried again; "
        "the scheduler is started again.", (BACKLOG,),
        seen="in Airflow, the task's next try",
    ),
    Fault(
        "broker-gone", "kill -9 of Redis, which forgets the tasks that were queued in it", "Running tasks go on; what "
        "was queued is queued again after two minutes.",
        ("tests/cluster/test_broker.py::test_a_broker_that_ends_and_forgets_what_was_queued",),
        seen="in Airflow, tasks that stay queued",
    ),
)  # fmt: skip
GROUPS = {
    "Killed": KILLED,
    "The database": DATABASE,
    "Full disks": DISKS,
    "Clocks, names, connections": CLOCKS_AND_NAMES,
    "Different ages, and two at once": AGES,
    "A cluster": CLUSTER,
}
FAULTS = {fault.id: fault for group in GROUPS.values() for fault in group}
HEAD = """# What breaks, and what happens then

Each row is a fault that tests bring about for good: real processes are killed at a chosen moment, a real server is
stopped, filled or made read-only. Afterwards the tables say the same as those of a run that nothing disturbed. In no
row is anything lost, and nothing is fetched, opened or sent twice but where a row says so. A command that can't go on
ends with exit code 2 and the one line shown (… is what differs); “nothing” in the second column means that the process
is dead and can't say anything, or that there is nothing to say.

This page is made by `python -m tests.faults.table`; a test compares it with the suite, and each row with its tests.
"""
TAIL = """## Not shown here

- The clock of a machine that runs the database as well: there is no second clock to compare it with. Entries that
  failed under a clock set forward wait until that time comes.
- The whole of `run` with Airflow under each of these; its parts are.
"""


def line_of(fault: str) -> re.Pattern[str]:
    """What the line of this fault must look like."""
    return re.compile(".*".join(map(re.escape, FAULTS[fault].line.split("…"))))


def page() -> str:
    """docs/faults.md."""
    parts = [HEAD]
    for name, group in GROUPS.items():
        rows = ["| what happens | what is seen | what is lost | how it recovers | shown by |", "|---|---|---|---|---|"]
        rows += [f"| {' | '.join(_cells(fault))} |" for fault in group]
        parts.append(f"## {name}\n\n" + "\n".join(rows) + "\n")
    return "\n".join([*parts, TAIL])


def _cells(fault: Fault) -> list[str]:
    seen = f"`{fault.line}`" if fault.line else fault.seen or "nothing"
    return [fault.happens, seen, fault.lost, fault.recovers, ", ".join(map(_shown, fault.tests))]


def _shown(test: str) -> str:
    file, _colons, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../{file})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
