package k6x

import (
	"fmt"

	"github.com/spf13/cobra"
	"go.k6.io/k6/cmd/state"

	"github.com/kmsmac/kmsmac/results"
	"github.com/kmsmac/kmsmac/results/render"
)

// exitDegraded is the exit code of a merge that is not whole or found nothing
// out; exitFailed that of one with wrong tags. They are kmsmac's.
const (
	exitFailed   = 1
	exitDegraded = 3
)

// newMerge is the subcommand merge: the same as kmsmac merge.
func newMerge(gs *state.GlobalState) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "merge --dir DIR SHARD...",
		Short: "Join what the instances of a kmsmac run left, exactly",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			code, err := merge(gs, out, args)
			if err != nil {
				gs.Logger.Error(err)
			}
			if code != 0 {
				gs.OSExit(code)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "dir", "", "directory of the merged result")
	_ = cmd.MarkFlagRequired("dir") // it exists
	return cmd
}

func merge(gs *state.GlobalState, out string, args []string) (code int, err error) {
	merged, err := results.MergePaths(args)
	if err != nil {
		return exitDegraded, err
	}
	dir, err := resultDir(out, 0, 1)
	if err != nil {
		return exitDegraded, err
	}
	path, err := results.Write(dir, merged)
	if err != nil {
		return exitDegraded, err
	}
	if err := render.Text(gs.Stdout, merged); err != nil {
		return exitDegraded, fmt.Errorf("k6x: the result cannot be printed: %w", err)
	}
	gs.Logger.Infof("result: %s", path)
	switch merged.Verdict {
	case results.Pass:
		return 0, nil
	case results.Fail:
		return exitFailed, nil
	}
	return exitDegraded, nil
}
