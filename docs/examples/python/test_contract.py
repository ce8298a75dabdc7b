#!/usr/bin/env python3
"""Plays the vectors of the router's contract: python3 test_contract.py FOLDER"""
import json
import pathlib
import sys

from verdin_router import Router, instant, slot


def stance(router, now):
    head, served, ack = router.head, router.served, router.ack
    router.ack = None  # as if it had been sent
    return {
        "generation": head.generation if head else 0,
        "sequence": head.sequence if head else 0,
        "served": served.sequence if served else 0,
        "weight_bps": router.weight(now),
        "waiting": head is not None and served is not head and not head.dry_run,
        "stale": router.stale(now),
        "expired": router.expired(now),
        "killed": router.killed,
        "missing": router.missing,
        "ack": ack.sequence if ack else 0,
    }


def do(router, step):
    now = instant(step["at"])
    outcome = None
    if m := step.get("verdict"):
        outcome = router.take_verdict(now, {k: v[0] for k, v in m["headers"].items()}, m["payload"])
    if m := step.get("heartbeat"):
        router.take_heartbeat(now, m["subject"], {k: v[0] for k, v in m["headers"].items()}, m["payload"])
    if "kill" in step:
        router.killed = step["kill"]
    if how := step.get("restart"):
        router.restart(now, how == "kept")
    got = stance(router, now)
    return {"outcome": outcome, **got} if outcome else got


def main(folder):
    bad = steps = 0
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        data = json.loads(path.read_text())
        if path.name == "slots.json":
            for case in data:
                steps += 1
                if (got := slot(case["salt"], case["id"])) != case["slot"]:
                    bad += 1
                    print(f"slot of {case}: {got}")
            continue
        router = Router(instant(data["steps"][0]["at"]), data["rollout"], data["trusted"], data["stale_after_seconds"])
        for i, step in enumerate(data["steps"]):
            steps += 1
            if (got := do(router, step)) != step["want"]:
                bad += 1
                print(f"{data['name']}, step {i}, {step['what']}:\n got {got}\nwant {step['want']}")
    print(f"{steps - bad} passed, {bad} failed")
    return 1 if bad or steps < 100 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
