/* Documents: agreements, materials, reports, proofs. Bytes are in the vault; the row binds them by digest; a
 * decision cites the digest. POST /documents uploads (raw body) as {id, digest}; GET /documents/{id}/content
 * reads, for its owner, the bureau, and whoever decides on the object it is attached to. Table: document(id,
 * party_id, title, kind, media_type, size, digest, at). */
#pragma once

#include "http/app.h"

extern const struct route document_routes[];

/* Refuses (RESULT_INVALID naming `field`) unless the document exists and belongs to `party`. */
enum result document_belongs(struct work *work, row_id document, row_id party, const char *field,
                             struct digest *ret_digest);

/* The row of a document whose bytes are (or are about to be) in the vault under this digest. */
enum result document_insert(struct work *work, row_id party, const char *title, const char *kind, size_t size,
                            const struct digest *digest, row_id *ret_document);

/* Lets `reader` (a party) read it: called when an object that cites it is put before that party. */
enum result document_share(struct work *work, row_id document, row_id reader);
