package awsfacts

// The partitions whose Regions this package knows. The isolated (iso)
// partitions are not among them.
const (
	PartitionStandard  = "aws"
	PartitionChina     = "aws-cn"
	PartitionSovereign = "aws-eusc" // AWS European Sovereign Cloud
	PartitionGovCloud  = "aws-us-gov"
)

// regions are the Regions in which KMS is offered, sorted by partition, then by
// name. Source: SourceRegions.
var regions = []struct{ name, partition string }{
	{"af-south-1", PartitionStandard},
	{"ap-east-1", PartitionStandard},
	{"ap-east-2", PartitionStandard},
	{"ap-northeast-1", PartitionStandard},
	{"ap-northeast-2", PartitionStandard},
	{"ap-northeast-3", PartitionStandard},
	{"ap-south-1", PartitionStandard},
	{"ap-south-2", PartitionStandard},
	{"ap-southeast-1", PartitionStandard},
	{"ap-southeast-2", PartitionStandard},
	{"ap-southeast-3", PartitionStandard},
	{"ap-southeast-4", PartitionStandard},
	{"ap-southeast-5", PartitionStandard},
	{"ap-southeast-6", PartitionStandard},
	{"ap-southeast-7", PartitionStandard},
	{"ca-central-1", PartitionStandard},
	{"ca-west-1", PartitionStandard},
	{"eu-central-1", PartitionStandard},
	{"eu-central-2", PartitionStandard},
	{"eu-north-1", PartitionStandard},
	{"eu-south-1", PartitionStandard},
	{"eu-south-2", PartitionStandard},
	{"eu-west-1", PartitionStandard},
	{"eu-west-2", PartitionStandard},
	{"eu-west-3", PartitionStandard},
	{"il-central-1", PartitionStandard},
	{"me-central-1", PartitionStandard},
	{"me-south-1", PartitionStandard},
	{"mx-central-1", PartitionStandard},
	{"sa-east-1", PartitionStandard},
	{"us-east-1", PartitionStandard},
	{"us-east-2", PartitionStandard},
	{"us-west-1", PartitionStandard},
	{"us-west-2", PartitionStandard},

	{"cn-north-1", PartitionChina},
	{"cn-northwest-1", PartitionChina},

	{"eusc-de-east-1", PartitionSovereign},

	{"us-gov-east-1", PartitionGovCloud},
	{"us-gov-west-1", PartitionGovCloud},
}

// Regions returns the names of all known Regions, sorted by partition and then
// by name. The slice belongs to the caller.
func Regions() []string {
	names := make([]string, len(regions))
	for i, r := range regions {
		names[i] = r.name
	}
	return names
}

// IsRegion reports whether name is that of a known Region, in its exact
// (lower-case) spelling.
func IsRegion(name string) bool { return Partition(name) != "" }

// Partition returns the partition of a Region as it stands in ARNs, for
// example "aws-cn"; "" for a Region that is not known.
func Partition(region string) string {
	for _, r := range regions {
		if r.name == region {
			return r.partition
		}
	}
	return ""
}
