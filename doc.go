// Package kmsmac is the root of the kmsmac module: the command in cmd/kmsmac
// tells whether a KMS does HMAC right, and how fast. The library is in the
// folders: engine computes tags, target reaches a KMS, conformance and bench
// hold it to account, results keeps what they found.
package kmsmac
