package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	verdictlog "verdin/publish/log"
	"verdin/publish/nats"
	"verdin/schemas"
)

// verification is what the verify command was asked.
type verification struct {
	file    string // verdict log; "" = NATS
	nats    nats.Config
	trusted string   // file with public keys
	keys    []string // public keys
	replay  string   // verdict log of a replay
	rollout string   // "" = all
}

func newVerify() *cobra.Command {
	var v verification
	cmd := &cobra.Command{
		Use:   "verify LOG | verify --nats URL --trusted FILE",
		Short: "Check a chain of verdicts: signatures, digests, sequence, weights, and a replay",
		Long: `Check a chain of verdicts, from a verdict log or from the audit stream in NATS.

Within a generation sequences and digests must be unbroken, generations must grow,
weights must sum to 100 %, and what was rolled back must stay so. From NATS each
verdict must bear the signature of a trusted key; a verdict log holds no signatures.
With --replay every verdict must be one that the replay decides, byte for byte.

Exit code: 0 all is well, 1 the chain is broken (one line says where and what to do)
or cannot be read, 2 wrong flags.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 || (len(args) == 1) == (v.nats.URL != "") {
				return usage(fmt.Errorf("verify wants either a verdict log or --nats URL: see %s --help", cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				v.file = args[0]
			}
			return v.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&v.nats.URL, "nats", "", "read the audit stream at this URL")
	f.StringVar(&v.nats.Creds, "creds", "", "NATS: file with a JWT and its seed")
	f.StringVar(&v.nats.NKeySeed, "nkey", "", "NATS: file with an nkey seed")
	f.StringVar(&v.nats.User, "user", "", "NATS: user, with --password-file")
	f.StringVar(&v.nats.PasswordFile, "password-file", "", "NATS: file with the password")
	f.StringVar(&v.nats.TLS.CA, "ca", "", "NATS: PEM file with the certificate authority")
	f.StringVar(&v.nats.InboxPrefix, "inbox-prefix", "", "NATS: where replies come, as the user's rights say (default _INBOX_verdin)")
	f.StringVar(&v.trusted, "trusted", "", "file with the public keys that may sign, one a line")
	f.StringArrayVar(&v.keys, "key", nil, "a public key that may sign; may be repeated")
	f.StringVar(&v.replay, "replay", "", "verdict log of a replay to compare with")
	f.StringVar(&v.rollout, "rollout", "", "only this rollout: name or namespace/name")
	return cmd
}

func (v *verification) run(ctx context.Context, out, diag io.Writer) error {
	if err := v.check(); err != nil {
		return usage(err)
	}
	chain := &verdictlog.Chain{Decided: v.file != ""}
	var published []verdictlog.Entry
	keys := map[string][]string{} // by rollout, in order of their first signature
	take := func(verdict *schemas.Verdict, payload []byte, key string) error {
		name := verdict.Namespace + "/" + verdict.Rollout
		if v.rollout != "" && v.rollout != name {
			return nil
		}
		if key != "" && !slices.Contains(keys[name], key) {
			keys[name] = append(keys[name], key)
		}
		if v.replay != "" {
			published = append(published, verdictlog.Entry{Verdict: verdict, Payload: payload})
		}
		return chain.Add(verdict, payload)
	}
	var err error
	if v.file != "" {
		err = readLog(v.file, func(verdict *schemas.Verdict, payload []byte) error { return take(verdict, payload, "") })
	} else {
		err = v.readNATS(ctx, take)
	}
	if err == nil && v.replay != "" {
		err = v.compare(published)
	}
	if err != nil {
		return err
	}
	if len(chain.Rollouts()) == 0 {
		return errors.New("nothing to verify: there is no verdict" + v.of())
	}
	if v.file != "" {
		fmt.Fprintln(diag, "signatures were not checked: a verdict log holds none")
	}
	for _, r := range chain.Rollouts() {
		signed := ""
		if ids := keys[r.Name]; ids != nil {
			signed = ", signed by " + strings.Join(ids, ", ")
		}
		fmt.Fprintf(out, "%s: %d verdicts, unbroken up to generation %d, sequence %d (%s, %s)%s\n",
			r.Name, r.Count, r.Head.Generation, r.Head.Sequence, r.Head.Phase, r.Digest, signed)
	}
	return nil
}

func (v *verification) of() string {
	if v.rollout == "" {
		return ""
	}
	return " of " + v.rollout
}

// check completes the flags and refuses those that do not fit.
func (v *verification) check() error {
	if v.rollout != "" {
		ns, name, err := schemas.SplitRollout(v.rollout)
		if err != nil {
			return err
		}
		v.rollout = ns + "/" + name
	}
	if v.trusted != "" {
		ids, err := nats.ReadTrusted(v.trusted)
		if err != nil {
			return err
		}
		v.keys = append(v.keys, ids...)
	}
	if v.file == "" && len(v.keys) == 0 {
		return errors.New("verify --nats checks signatures: name who may sign with --trusted FILE or --key U…")
	}
	if v.file != "" && len(v.keys) > 0 {
		return errors.New("a verdict log holds no signatures: leave --trusted and --key out, or read the chain with --nats")
	}
	return nil
}

// compare checks what was published against the verdict log of a replay.
func (v *verification) compare(published []verdictlog.Entry) error {
	var replayed []verdictlog.Entry
	err := readLog(v.replay, func(verdict *schemas.Verdict, payload []byte) error {
		if v.rollout == "" || v.rollout == verdict.Namespace+"/"+verdict.Rollout {
			replayed = append(replayed, verdictlog.Entry{Verdict: verdict, Payload: payload})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return verdictlog.Compare(published, replayed)
}

func readLog(path string, each func(*schemas.Verdict, []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := verdictlog.Read(f, each); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
