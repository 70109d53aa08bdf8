package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kmsmac/kmsmac/bench"
	"github.com/kmsmac/kmsmac/results"
)

// shardNone asks for the whole run where the environment names a shard.
const shardNone = "none"

// shardFlags make a run one share of a plan. They are resolved before anything
// else is read from them.
type shardFlags struct {
	Shard   string `placeholder:"I/N" help:"Send share I (from 0) of N of the same global schedule; kmsmac merge joins the results. Default: what an Indexed Job, AWS Batch array or Slurm array says; none for the whole."`
	StartAt string `placeholder:"TIME" help:"Open loop: zero of the schedule, for example 2030-01-02T15:04:05Z, the same for all shards (default: when the keys are ready)."`

	by string `kong:"-"` // where Shard comes from, if not from its flag
}

// origin says where the shard comes from, if not from its flag.
func (f shardFlags) origin() string {
	if f.by == "" {
		return ""
	}
	return " (from " + f.by + ")"
}

// because adds to an error that a shard from the environment may have caused.
func (f shardFlags) because(err error) error {
	if f.by == "" {
		return err
	}
	return fmt.Errorf("%w (this is shard %s by %s; --shard none for a whole run)", err, f.Shard, f.by)
}

// arrayJob is a scheduler that numbers its tasks in the environment.
type arrayJob struct {
	name, index, count string
	first, step        string // lowest index and distance, where they can be chosen
}

// arrayJobs are read in this order. Kubernetes sets only the first of its two
// variables; the manifest sets the other.
var arrayJobs = []arrayJob{
	{name: "Kubernetes Indexed Job", index: "JOB_COMPLETION_INDEX", count: "JOB_COMPLETIONS"},
	{name: "AWS Batch array job", index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE"},
	{name: "Slurm array job", index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", first: "SLURM_ARRAY_TASK_MIN", step: "SLURM_ARRAY_TASK_STEP"},
}

// resolve fills in the shard from the environment, unless it was given.
func (f *shardFlags) resolve(env func(string) string) error {
	if f.Shard == shardNone {
		f.Shard = ""
		return nil
	}
	if f.Shard != "" {
		return nil
	}
	for _, j := range arrayJobs {
		if env(j.index) == "" {
			continue
		}
		index, count, err := j.read(env)
		if err != nil {
			return usagef("%w: give --shard I/N, or --shard none for the whole", err)
		}
		if f.by != "" {
			return usagef("both %s and %s number this task: give --shard I/N", f.by, j.index)
		}
		f.Shard, f.by = fmt.Sprintf("%d/%d", index, count), j.index
	}
	return nil
}

// shardPlace stands for the shard's index in --out: one command line serves all
// tasks of an array, also where no shell fills in a variable.
const shardPlace = "{shard}"

// into fills in the index.
func (f shardFlags) into(out *string) error {
	if !strings.Contains(*out, shardPlace) {
		return nil
	}
	index, _, ok := strings.Cut(f.Shard, "/")
	if !ok {
		return usagef("--out %s names a shard, but this is a whole run", *out)
	}
	*out = strings.ReplaceAll(*out, shardPlace, index)
	return nil
}

// read returns the task's place, counted from 0, and the number of tasks.
func (j arrayJob) read(env func(string) string) (index, count int, err error) {
	number := func(name string, otherwise int) (n int) {
		text := env(name)
		if text == "" {
			return otherwise
		}
		n, e := strconv.Atoi(text)
		if e != nil && err == nil {
			err = fmt.Errorf("%s is %q, which is no number", name, text)
		}
		return n
	}
	if env(j.count) == "" {
		return 0, 0, fmt.Errorf("this is a task of a %s (%s=%s), but %s does not say of how many", j.name, j.index, env(j.index), j.count)
	}
	id, count := number(j.index, 0), number(j.count, 0)
	first, step := 0, 1
	if j.first != "" {
		first, step = number(j.first, 0), number(j.step, 1)
	}
	switch {
	case err != nil:
		return 0, 0, err
	case step < 1 || id < first || (id-first)%step != 0 || (id-first)/step >= count:
		return 0, 0, fmt.Errorf("%s=%d is not one of %d tasks counted from %d by %d", j.index, id, count, first, max(step, 1))
	}
	return (id - first) / step, count, nil
}

// parse reads "2/8"; "" is the whole.
func (f shardFlags) parse() (index, count int, err error) {
	if f.Shard == "" {
		return 0, 0, nil
	}
	i, n, ok := strings.Cut(f.Shard, "/")
	index, err1 := strconv.Atoi(i)
	count, err2 := strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil || count < 1 || index < 0 || index >= count {
		return 0, 0, usagef("--shard %q is not of the form I/N with I from 0 to N-1", f.Shard)
	}
	return index, count, nil
}

// farthestStart bounds --start-at: what is farther is a slip.
const farthestStart = 24 * time.Hour

// startAt reads --start-at; the zero value is none. A start from which the whole
// schedule has passed is refused.
func (f shardFlags) startAt(p bench.Plan) (time.Time, error) {
	if f.StartAt == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, f.StartAt)
	if err != nil {
		return at, usagef("--start-at %q is not of the form 2030-01-02T15:04:05Z", f.StartAt)
	}
	p = p.WithDefaults()
	end := at.Add(max(p.Warmup, 0) + p.Duration)
	switch now := time.Now(); {
	case p.Mode() == bench.Closed:
		return at, usagef("--start-at is for an open loop: a closed one has no schedule")
	case at.Sub(now) > farthestStart:
		return at, usagef("--start-at %s is more than %s ahead", f.StartAt, farthestStart)
	case end.Before(now):
		return at, usagef("--start-at %s: the schedule has ended at %s, before now (%s)", f.StartAt, end.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return at.UTC(), nil
}

// shardOf is the result's Shard as far as it is known before the run; nil for
// the whole.
func (f shardFlags) shardOf(p bench.Plan, at time.Time) *results.Shard {
	if f.Shard == "" {
		return nil
	}
	s := &results.Shard{Index: p.Shard, Count: p.Shards}
	s.Scheduled, s.ScheduledAll, _ = p.Due()
	if !at.IsZero() {
		s.StartAt = &at
	}
	return s
}

// ended fills in how the shard began and, if it could not be counted before,
// how much was due in it.
func endedShard(s *results.Shard, r *bench.Report) *results.Shard {
	if s == nil || r.Began.IsZero() {
		return s
	}
	out := *s
	out.Began, out.Late = r.Began.UTC(), r.Late
	var due int64
	for _, l := range r.Loads {
		due += l.Requests + l.Dropped
		if n := l.Network; n != nil {
			out.ClockOffset = &n.DateDelta
		}
	}
	if out.Scheduled == 0 && r.Stopped == "" {
		out.Scheduled = due
	}
	return &out
}

// withoutArrays are the variables of env but for those that number a task: what
// a process starts on its own behalf is no shard.
func withoutArrays(env []string) []string {
	var out []string
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		if !numbersTasks(name) {
			out = append(out, v)
		}
	}
	return out
}

func numbersTasks(name string) bool {
	for _, j := range arrayJobs {
		if name == j.index {
			return true
		}
	}
	return false
}
