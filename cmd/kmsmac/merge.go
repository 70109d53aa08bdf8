package main

import (
	"path/filepath"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

type mergeCmd struct {
	Out   string   `required:"" placeholder:"DIR" help:"Directory of the merged result."`
	JSON  bool     `name:"json" help:"Print the result for machines."`
	Shard []string `arg:"" help:"Result directories, result files or interval logs, one for each shard of one run."`
}

// Run merges shards exactly and says what each of them gave.
func (c mergeCmd) Run(a *app) error {
	merged, err := results.MergePaths(c.Shard)
	if err != nil {
		return unknownf("%w", err)
	}
	if err := probeDir(c.Out); err != nil {
		return err
	}
	path, err := results.Write(c.Out, merged)
	if err != nil {
		return unknownf("%w", err)
	}
	if c.JSON {
		err = printJSON(a, results.Summarize(merged, path))
	} else {
		err = render.Text(a.streams.out, merged)
	}
	if err != nil {
		return unknownf("the result cannot be printed: %w", err)
	}
	a.say("result: %s", filepath.Clean(path))
	return verdictError(merged.Verdict, false)
}
