// OpenSSL's libcrypto, with one context for each key that is made once and set
// back for each message: HMAC_CTX (deprecated, and the faster one) and EVP_MAC.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "peers.h"

enum { HMAC_STATE, EVP_STATE };

struct work {
	const input *in;
	HMAC_CTX **hmac;
	EVP_MAC_CTX **evp;
	EVP_MAC *mac;
};

static const char *version(void) { return OpenSSL_version(OPENSSL_VERSION_STRING); }

static const char *const digest[ALGORITHMS] = {"SHA224", "SHA256", "SHA384", "SHA512"};

static void done(work *w)
{
	for (int i = 0; w->hmac && i < w->in->keys; i++)
		HMAC_CTX_free(w->hmac[i]);
	for (int i = 0; w->evp && i < w->in->keys; i++)
		EVP_MAC_CTX_free(w->evp[i]);
	EVP_MAC_free(w->mac);
	free(w->hmac);
	free(w->evp);
	free(w);
}

static int make_hmac(work *w)
{
	const EVP_MD *md = EVP_get_digestbyname(digest[w->in->alg]);
	w->hmac = calloc(w->in->keys, sizeof *w->hmac);
	for (int i = 0; i < w->in->keys; i++) {
		w->hmac[i] = HMAC_CTX_new();
		if (!w->hmac[i] || !HMAC_Init_ex(w->hmac[i], w->in->secret[i], w->in->secret_len[i], md, NULL))
			return 0;
	}
	return 1;
}

static int make_evp(work *w)
{
	OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("digest", (char *)digest[w->in->alg], 0), OSSL_PARAM_END};
	w->evp = calloc(w->in->keys, sizeof *w->evp);
	w->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (!w->mac)
		return 0;
	for (int i = 0; i < w->in->keys; i++) {
		w->evp[i] = EVP_MAC_CTX_new(w->mac);
		if (!w->evp[i] || !EVP_MAC_init(w->evp[i], w->in->secret[i], w->in->secret_len[i], params))
			return 0;
	}
	return 1;
}

static work *make(int way, const input *in)
{
	work *w = calloc(1, sizeof *w);
	w->in = in;
	if (way == HMAC_STATE ? make_hmac(w) : make_evp(w))
		return w;
	done(w);
	return NULL;
}

static void run_hmac(work *w, uint64_t times)
{
	const input *in = w->in;
	for (; times > 0; times--) {
		uint8_t *tag = in->tags;
		for (int i = 0; i < in->jobs; i++) {
			HMAC_CTX *c = w->hmac[i % in->keys];
			HMAC_Init_ex(c, NULL, 0, NULL, NULL);
			HMAC_Update(c, in->msg[i], in->len[i]);
			HMAC_Final(c, tag, NULL);
			tag += tag_size[in->alg];
		}
	}
}

static void run_evp(work *w, uint64_t times)
{
	const input *in = w->in;
	for (; times > 0; times--) {
		uint8_t *tag = in->tags;
		for (int i = 0; i < in->jobs; i++) {
			EVP_MAC_CTX *c = w->evp[i % in->keys];
			size_t n;
			EVP_MAC_init(c, NULL, 0, NULL);
			EVP_MAC_update(c, in->msg[i], in->len[i]);
			EVP_MAC_final(c, tag, &n, tag_size[in->alg]);
			tag += n;
		}
	}
}

static const variant variants[] = {
	{"openssl:hmac-ctx", "openssl", version, make, run_hmac, done, HMAC_STATE},
	{"openssl:evp-mac", "openssl", version, make, run_evp, done, EVP_STATE},
};

const variant *openssl_variants(int *n)
{
	*n = sizeof variants / sizeof *variants;
	return variants;
}
