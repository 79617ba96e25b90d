/**
 * Where a model comes from, in forms that others read: a manifest, an OpenSSF model-signing bundle,
 * a CycloneDX ML-BOM.
 */
@NullMarked
package org.folkmoot.ledger.provenance;

import org.jspecify.annotations.NullMarked;
