//go:build amd64 && !purego

package engine

// assemblyReason says why a build has no kernels at all.
const assemblyReason = ""
