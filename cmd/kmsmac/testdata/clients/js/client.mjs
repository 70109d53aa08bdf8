// The life of HMAC keys through the JavaScript SDK v3. Prints "ok" at the end;
// any difference throws. Endpoint, Region and credentials come from the
// environment, as they do for the SDK's users.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import * as kms from "@aws-sdk/client-kms";

const client = new kms.KMSClient({});
const send = (name, input = {}) => client.send(new kms[name + "Command"](input));
const fails = (code, promise) => assert.rejects(promise, (e) => {
  assert.equal(e.name, code);
  assert.ok(e instanceof (kms[code] ?? kms.KMSServiceException));
  return true;
});
const hmac = (secret, message) => crypto.createHmac("sha256", secret).update(message).digest();

const message = Buffer.from("a message");
const mac = { Message: message, MacAlgorithm: "HMAC_SHA_256" };

const { KeyMetadata: made } = await send("CreateKey", { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC", Tags: [{ TagKey: "team", TagValue: "js" }] });
const KeyId = made.KeyId;
const { KeyMetadata: described } = await send("DescribeKey", { KeyId });
assert.equal(described.KeyState, "Enabled");
assert.deepEqual(described.MacAlgorithms, ["HMAC_SHA_256"]);
assert.ok(described.CreationDate instanceof Date && Math.abs(Date.now() - described.CreationDate) < 60_000);

const { Mac } = await send("GenerateMac", { ...mac, KeyId });
assert.equal(Mac.length, 32);
assert.equal((await send("VerifyMac", { ...mac, KeyId, Mac })).MacValid, true);
const wrong = Uint8Array.from(Mac);
wrong[0] ^= 1;
await fails("KMSInvalidMacException", send("VerifyMac", { ...mac, KeyId, Mac: wrong }));
await fails("InvalidKeyUsageException", send("Encrypt", { KeyId, Plaintext: message }));
await fails("NotFoundException", send("DescribeKey", { KeyId: "00000000-0000-0000-0000-000000000000" }));

await send("DisableKey", { KeyId });
await fails("DisabledException", send("GenerateMac", { ...mac, KeyId }));
await send("EnableKey", { KeyId });

const AliasName = "alias/js";
await send("CreateAlias", { AliasName, TargetKeyId: KeyId });
await fails("AlreadyExistsException", send("CreateAlias", { AliasName, TargetKeyId: KeyId }));
assert.deepEqual(Buffer.from((await send("GenerateMac", { ...mac, KeyId: AliasName })).Mac), Buffer.from(Mac));

const secret = Buffer.alloc(32, 7);
const { KeyMetadata: external } = await send("CreateKey", { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC", Origin: "EXTERNAL" });
await fails("KMSInvalidStateException", send("GenerateMac", { ...mac, KeyId: external.KeyId }));
const parameters = await send("GetParametersForImport", { KeyId: external.KeyId, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" });
const key = crypto.createPublicKey({ key: Buffer.from(parameters.PublicKey), format: "der", type: "spki" });
await send("ImportKeyMaterial", {
  KeyId: external.KeyId, ImportToken: parameters.ImportToken, ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
  EncryptedKeyMaterial: crypto.publicEncrypt({ key, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, secret),
});
assert.deepEqual(Buffer.from((await send("GenerateMac", { ...mac, KeyId: external.KeyId })).Mac), hmac(secret, message));
await send("DeleteImportedKeyMaterial", { KeyId: external.KeyId });
await fails("KMSInvalidStateException", send("GenerateMac", { ...mac, KeyId: external.KeyId }));

const listed = [];
for await (const page of kms.paginateListKeys({ client, pageSize: 1 }, {})) listed.push(...page.Keys);
assert.ok(listed.some((k) => k.KeyId === KeyId) && listed.some((k) => k.KeyId === external.KeyId));
assert.deepEqual((await send("ListResourceTags", { KeyId })).Tags, [{ TagKey: "team", TagValue: "js" }]);

await send("DeleteAlias", { AliasName });
await fails("NotFoundException", send("GenerateMac", { ...mac, KeyId: AliasName }));
const { DeletionDate } = await send("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 });
assert.ok(Math.abs(DeletionDate - Date.now() - 7 * 86_400_000) < 3_700_000);
await fails("KMSInvalidStateException", send("GenerateMac", { ...mac, KeyId }));
console.log("ok");
