// Package awsfacts is dated, sourced data about AWS KMS: Regions and
// endpoints, request quotas, resource quotas, prices.
//
// Do not use it for the quotas of a given account, which can be raised or
// partly used, nor for a bill: ask Service Quotas and the price list. Nothing
// here does I/O; all figures are AWS's defaults as of AsOf.
//
// Regions, IsRegion, Partition, Endpoint and IsAWSHost say where KMS is;
// SymmetricPerSecond, PerSecond and Limit say how often an account may call;
// Cost says what calls and keys come to. Prices carry PriceNote, because they
// must be confirmed before money is spent.
//
// Everything is read-only and safe for concurrent use; returned slices belong
// to the caller. Nothing is secret.
package awsfacts

// AsOf is the date (UTC) at which the figures of this package were last
// compared with their sources.
const AsOf = "2026-11-23"

// Where the figures come from.
const (
	SourceRegions   = "endpoint table of aws-sdk-go-v2/service/kms v1.62.4 (2026-11-05)"
	SourceQuotas    = "AWS KMS Developer Guide, Request quotas (requests-per-second), read 2026"
	SourceResources = "AWS KMS Developer Guide, Resource quotas (resource-limits), read 2026"
	SourcePrices    = "AWS KMS pricing page (keys, free tier; HMAC keys named); public price guides of 2025-26 (requests)"
)
