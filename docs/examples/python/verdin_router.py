#!/usr/bin/env python3
"""A router of Verdin in Python: follows the verdicts of one rollout and says which
arm serves a request. It keeps docs/router-contract.md; test_contract.py plays the
vectors of testdata/router-contract.

    pip install nats-py cryptography
    python3 verdin_router.py --nats nats://127.0.0.1:4222 --router edge-py \\
        --rollout default/recsys --trust UB...

prints every change of the canary's weight and acknowledges what it serves.
"""
import argparse
import asyncio
import base64
import hashlib
import json
from datetime import datetime, timedelta, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NEVER = datetime.max.replace(tzinfo=timezone.utc)
LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


def instant(text):
    """Reads RFC 3339; what is finer than a microsecond is dropped."""
    text = text.replace("Z", "+00:00")
    head, _, tail = text.partition(".")
    if tail:
        digits = tail[: -len("+00:00")]
        text = f"{head}.{digits[:6]:0<6}+00:00"
    return datetime.fromisoformat(text)


def public_key(nkey):
    """The Ed25519 key in an nkey: base32 of a type byte, the key, two bytes of checksum."""
    raw = base64.b32decode(nkey + "=" * (-len(nkey) % 8))
    return Ed25519PublicKey.from_public_bytes(raw[1:33])


def murmur3_32(data, seed=0):
    """MurmurHash3, x86, 32 bits."""
    mask = 0xFFFFFFFF
    rotate = lambda x, r: ((x << r) | (x >> (32 - r))) & mask
    mix = lambda k: rotate(k * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
    h, whole = seed, len(data) // 4 * 4
    for i in range(0, whole, 4):
        h = rotate(h ^ mix(int.from_bytes(data[i : i + 4], "little")), 13) * 5 + 0xE6546B64 & mask
    if tail := data[whole:]:
        h ^= mix(int.from_bytes(tail, "little"))
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & mask
    h = (h ^ h >> 13) * 0xC2B2AE35 & mask
    return h ^ h >> 16


def slot(salt, identifier):
    """0 to 9,999; the canary serves the slots below its weight in basis points."""
    return murmur3_32((salt + identifier).encode()) * 10_000 >> 32


class Verdict:
    def __init__(self, payload):
        self.digest = "sha256:" + hashlib.sha256(payload.encode()).hexdigest()
        v = json.loads(payload)
        self.rollout = v["namespace"] + "/" + v["rollout"]
        self.verdict, self.generation, self.sequence = v["verdict"], v["generation"], v["sequence"]
        self.prev_digest, self.dry_run = v["prev_digest"], v["dry_run"]
        self.valid_until, self.holds = instant(v["valid_until"]), v["on_expiry"] == "hold"
        canary, stable = v["routes"]
        self.weight, self.versions = canary["weight_bps"], (stable["model_version"], canary["model_version"])
        self.salt = (v.get("sticky") or {}).get("salt") or f"{self.rollout}/{canary['model_version']}"
        if (canary["arm"], stable["arm"]) != ("canary", "stable") or canary["weight_bps"] + stable["weight_bps"] != 10_000:
            raise ValueError("two routes, the canary first, that sum to 10,000")


class Router:
    """One rollout. Every method takes the time, so that a test can play it."""

    def __init__(self, now, rollout, trusted, stale_after=30.0, lease=900.0):
        self.rollout = rollout
        self.keys = {k: public_key(k) for k in trusted}
        self.stale_after, self.lease = timedelta(seconds=stale_after), lease
        self.heard, self.named, self.confirmed = now, LONG_AGO, LONG_AGO
        self.head = self.served = self.ack = None
        self.killed = self.missing = False

    # What comes in.

    def take_verdict(self, now, headers, payload):
        """Takes a message of the bucket and returns what became of it."""
        message = f"verdin.verdict.v1\n{self.rollout}\n{payload}".encode()
        if not self._signed(headers, message):
            return "ignored"
        try:
            v = Verdict(payload)
        except (ValueError, KeyError, TypeError):
            return "ignored"
        if v.rollout != self.rollout:
            return "ignored"
        outcome = self._place(v)
        if outcome == "accepted":
            self.head, self.named, self.missing = v, LONG_AGO, False
            self._settle(now)
        return outcome

    def take_heartbeat(self, now, subject, headers, payload):
        """Takes a message of verdin.v1.hb.<namespace>.<engine>."""
        try:
            beat = json.loads(payload)
            if subject != f"verdin.v1.hb.{beat['namespace']}.{beat['engine']}":
                return
            message = f"verdin.heartbeat.v1\n{beat['namespace']}/{beat['engine']}\n{payload}".encode()
            if not self._signed(headers, message):
                return
            heads = [h for h in beat["rollouts"] if f"{beat['namespace']}/{h['rollout']}" == self.rollout]
            at = min(instant(beat["time"]), now)  # a clock that is ahead makes no lease longer
        except (ValueError, KeyError, TypeError):
            return
        for head in heads:
            self._beat(now, at, head)

    # What it means.

    def _signed(self, headers, message):
        key = self.keys.get(headers.get("Verdin-Key-Id", ""))
        text = headers.get("Verdin-Signature", "")
        try:
            signature = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            key.verify(signature, message)
        except (AttributeError, ValueError, InvalidSignature):
            return False
        return True

    def _place(self, v):
        """The verdict's place in the chain."""
        h = self.head
        if h is None:
            return "accepted"
        same = v.generation == h.generation
        if v.generation < h.generation or same and v.sequence < h.sequence:
            return "older"
        if same and v.sequence == h.sequence:
            return "older" if v.digest == h.digest else "conflict"
        if v.verdict == "rollback":
            return "accepted"
        if same and h.verdict == "rollback" and v.weight > 0:
            return "conflict"  # a generation that was rolled back stays so
        if v.prev_digest == (h.digest if same else ""):
            return "accepted"  # a sequence that is left out was never sent
        return "conflict" if same and v.sequence == h.sequence + 1 else "gap"

    def _beat(self, now, at, beat):
        self.heard = max(self.heard, at)
        h = self.head
        if h is not None and beat["digest"] == h.digest:
            self.missing = False
            self.named = max(self.named, at + timedelta(seconds=beat["lease_seconds"] or self.lease))
            self.confirmed = max(self.confirmed, self.named)
        elif h is None or (beat["generation"], beat["sequence"]) > (h.generation, h.sequence):
            self.missing = beat["generation"] > 0
        if h is not None:
            self._settle(now)

    def _settle(self, now):
        """Decides whether the head is served."""
        h, weight = self.head, self.served.weight if self.served else 0
        if h.dry_run or self.served is h:
            return
        live = now <= max(h.valid_until, self.named)
        resumes = self.served is None and h.holds
        if h.weight <= weight or live and not self.stale(now) or resumes:
            self.served, self.ack = h, h

    # Where it stands.

    def stale(self, now):
        return now > self.heard + self.stale_after

    def expired(self, now):
        if self.served is None or self.served.weight == 0:
            return False
        return now > max(self.head.valid_until, self.confirmed)

    def weight(self, now):
        """The canary's weight in basis points."""
        if self.killed or self.served is None:
            return 0
        return self.served.weight if not self.expired(now) or self.head.holds else 0

    def choose(self, now, identifier):
        """The arm that serves a request, by its id or its unit's: "stable" or "canary"."""
        weight = self.weight(now)
        return "canary" if weight and slot(self.served.salt, identifier) < weight else "stable"

    def restart(self, now, kept):
        """A new process: with what it kept on disk, or without."""
        old = vars(self).copy()
        self.__init__(now, self.rollout, self.keys, self.stale_after.total_seconds(), self.lease)
        if kept:
            for name in ("heard", "named", "confirmed", "head", "served", "killed"):
                setattr(self, name, old[name])
            self.ack = self.served  # the word may have been lost with the process


async def follow(args):
    import nats  # pip install nats-py
    from nats.js.api import ConsumerConfig, DeliverPolicy

    now = lambda: datetime.now(timezone.utc)
    namespace, name = args.rollout.split("/")
    router = Router(now(), args.rollout, args.trust)
    nc = await nats.connect(args.nats)
    js = nc.jetstream()
    shown = None

    async def settle():
        nonlocal shown
        if (w := router.weight(now())) != shown:
            shown = w
            print(f"{args.rollout}: canary {w / 100:g} %", flush=True)
        if a := router.ack:
            body = {"namespace": namespace, "rollout": name, "router": args.router, "generation": a.generation,
                    "sequence": a.sequence, "at": now().isoformat().replace("+00:00", "Z"), "digest": a.digest}
            await js.publish(f"verdin.v1.ack.{namespace}.{name}.{args.router}", json.dumps(body).encode())
            router.ack = None if router.ack is a else router.ack

    again = asyncio.Event()  # a verdict is missing: read the history

    async def verdict(m):
        if router.take_verdict(now(), m.headers or {}, m.data.decode()) == "gap":
            again.set()
        await settle()

    async def beat(m):
        router.take_heartbeat(now(), m.subject, m.headers or {}, m.data.decode())
        if router.missing:
            again.set()
        await settle()

    await nc.subscribe(f"verdin.v1.hb.{namespace}.*", cb=beat)
    policy = DeliverPolicy.LAST_PER_SUBJECT  # at the start old weights must not pass by
    while True:
        feed = await js.subscribe(f"$KV.VERDIN_ROUTES.{namespace}.{name}", stream="KV_VERDIN_ROUTES",
                                  cb=verdict, ordered_consumer=True, config=ConsumerConfig(deliver_policy=policy))
        await again.wait()
        again.clear()
        policy = DeliverPolicy.ALL
        await feed.unsubscribe()


if __name__ == "__main__":
    p = argparse.ArgumentParser(description="Follow the verdicts of one rollout.")
    p.add_argument("--nats", default="nats://127.0.0.1:4222")
    p.add_argument("--router", default="edge-py", help="id of this router: a DNS-1123 label")
    p.add_argument("--rollout", required=True, help="namespace/name")
    p.add_argument("--trust", action="append", required=True, help="public key of an engine; may stand several times")
    asyncio.run(follow(p.parse_args()))
