// Package k6x lets k6 start, place, hold and end kmsmac's load, for more load
// than one host makes.
//
// Do not use it on one host: kmsmac bench kms does the same without k6. This
// module links k6, which is AGPL-3.0; nothing of it is imported by the main
// module.
//
// Register names the parts to k6: the JavaScript module k6/x/kmsmac (module.go),
// the output kmsmac (output.go) and the subcommand merge (merge.go). openLoop
// (openloop.go) runs kmsmac's own runner for this instance's execution segment
// (segment.go) inside one k6 iteration; connect (client.go) gives single calls to
// people's own scenarios, and the output keeps what those measure.
//
// A VU is one goroutine, and so is a Client. What all VUs of a process share (the
// one open loop, the limits on requests) may be used concurrently.
//
// Credentials come from the environment or the SDK's chain, never from the
// script, and are never in a result.
package k6x
