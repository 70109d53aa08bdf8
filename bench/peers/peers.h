// What Go sees of the libraries. A variant is one way of a library to compute
// HMAC tags; a work is a batch of messages with their keys, ready for it.
#ifndef PEERS_H
#define PEERS_H

#include <stddef.h>
#include <stdint.h>

// The algorithms, in the order of their tag lengths.
enum { SHA224, SHA256, SHA384, SHA512, ALGORITHMS };

extern const int tag_size[ALGORITHMS];
extern const int block_size[ALGORITHMS];

// Each job is a message with its key's number; tags lie one after another.
typedef struct {
	int alg;
	int jobs;
	const uint8_t **msg;
	const size_t *len;
	int keys;
	const uint8_t **secret; // of job i: secret[i % keys]
	const size_t *secret_len;
	uint8_t *tags;
} input;

typedef struct work work;

// A library's way. make returns NULL if it cannot do the input; the input must
// outlive the work. run computes all tags so many times.
typedef struct {
	const char *name;
	const char *library;
	const char *(*version)(void);
	work *(*make)(int way, const input *in);
	void (*run)(work *w, uint64_t times);
	void (*done)(work *w);
	int way;
} variant;

const variant *ipsec_variants(int *n);
const variant *openssl_variants(int *n);

// turn runs once and then so many times, and returns the nanoseconds of those.
int64_t turn(const variant *v, work *w, uint64_t times);

// What Go cannot call through a pointer.
const char *version_of(const variant *v);
work *make_work(const variant *v, const input *in);
void run_work(const variant *v, work *w);
void done_work(const variant *v, work *w);

#endif
