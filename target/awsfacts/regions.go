package awsfacts

import "slices"

// The partitions whose Regions this package knows. The isolated (iso)
// partitions are not among them.
const (
	PartitionStandard  = "aws"
	PartitionChina     = "aws-cn"
	PartitionSovereign = "aws-eusc" // AWS European Sovereign Cloud
	PartitionGovCloud  = "aws-us-gov"
)

// Region is an AWS Region in which KMS is offered.
type Region struct {
	ID        string // for example "eu-west-1"
	Partition string // one of the Partition constants
}

// regions is sorted by partition, then by ID. Source: SourceRegions.
var regions = []Region{
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

// Regions returns every Region known, sorted by partition and then by ID. The
// slice belongs to the caller.
func Regions() []Region { return slices.Clone(regions) }

// IsRegion reports whether id is the ID of a known Region, in its exact
// (lower-case) spelling.
func IsRegion(id string) bool {
	_, ok := regionByID(id)
	return ok
}

// Partition returns the partition of a Region as it stands in ARNs, for
// example "aws-cn"; "" for a Region that is not known.
func Partition(region string) string {
	r, _ := regionByID(region)
	return r.Partition
}

func regionByID(id string) (Region, bool) {
	for _, r := range regions {
		if r.ID == id {
			return r, true
		}
	}
	return Region{}, false
}
