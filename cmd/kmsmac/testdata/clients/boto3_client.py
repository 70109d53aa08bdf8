"""The life of HMAC keys through boto3.

Prints "ok" at the end; any difference raises. Endpoint, Region and credentials
come from the environment, as they do for boto3's users.
"""
import datetime
import hashlib
import hmac

import boto3
import botocore.exceptions
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

kms = boto3.client("kms")
MESSAGE = b"a message"
MAC = {"Message": MESSAGE, "MacAlgorithm": "HMAC_SHA_256"}
HMAC_KEY = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}


def fails(code, call, **kwargs):
    try:
        call(**kwargs)
    except botocore.exceptions.ClientError as e:
        assert e.response["Error"]["Code"] == code, e.response
        assert isinstance(e, getattr(kms.exceptions, code)), type(e)
        return
    raise AssertionError(f"no {code}")


meta = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "py"}], **HMAC_KEY)["KeyMetadata"]
key = meta["KeyId"]
meta = kms.describe_key(KeyId=key)["KeyMetadata"]
assert meta["KeyState"] == "Enabled" and meta["MacAlgorithms"] == ["HMAC_SHA_256"], meta
age = datetime.datetime.now(datetime.timezone.utc) - meta["CreationDate"]
assert abs(age.total_seconds()) < 60, age

tag = kms.generate_mac(KeyId=key, **MAC)["Mac"]
assert len(tag) == 32
assert kms.verify_mac(KeyId=key, Mac=tag, **MAC)["MacValid"] is True
fails("KMSInvalidMacException", kms.verify_mac, KeyId=key, Mac=bytes([tag[0] ^ 1]) + tag[1:], **MAC)
fails("InvalidKeyUsageException", kms.encrypt, KeyId=key, Plaintext=MESSAGE)
fails("NotFoundException", kms.describe_key, KeyId="00000000-0000-0000-0000-000000000000")

kms.disable_key(KeyId=key)
fails("DisabledException", kms.generate_mac, KeyId=key, **MAC)
kms.enable_key(KeyId=key)

kms.create_alias(AliasName="alias/py", TargetKeyId=key)
fails("AlreadyExistsException", kms.create_alias, AliasName="alias/py", TargetKeyId=key)
assert kms.generate_mac(KeyId="alias/py", **MAC)["Mac"] == tag

secret = bytes([7]) * 32
external = kms.create_key(Origin="EXTERNAL", **HMAC_KEY)["KeyMetadata"]["KeyId"]
fails("KMSInvalidStateException", kms.generate_mac, KeyId=external, **MAC)
parameters = kms.get_parameters_for_import(
    KeyId=external, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
wrapped = serialization.load_der_public_key(parameters["PublicKey"]).encrypt(secret, oaep)
kms.import_key_material(
    KeyId=external, ImportToken=parameters["ImportToken"], EncryptedKeyMaterial=wrapped,
    ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
assert kms.generate_mac(KeyId=external, **MAC)["Mac"] == hmac.new(secret, MESSAGE, hashlib.sha256).digest()
kms.delete_imported_key_material(KeyId=external)
fails("KMSInvalidStateException", kms.generate_mac, KeyId=external, **MAC)

pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
listed = {k["KeyId"] for page in pages for k in page["Keys"]}
assert {key, external} <= listed, listed
assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "team", "TagValue": "py"}]

kms.delete_alias(AliasName="alias/py")
fails("NotFoundException", kms.generate_mac, KeyId="alias/py", **MAC)
kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
fails("KMSInvalidStateException", kms.generate_mac, KeyId=key, **MAC)
print("ok")
