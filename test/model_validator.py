"""Compares answers with AWS's service models, as botocore carries them: what a client's parser would overlook is found here.

`watch(client)` returns a list that fills with complaints: unknown or missing members, values of the wrong type, outside their
enumeration, length or pattern; error codes that the operation does not have.
"""

import base64
import email.utils
import json
import re
import xml.etree.ElementTree

import botocore

# Older models do not know what AWS answers today.
COMPLETE_MODELS = tuple(int(part) for part in botocore.__version__.split(".")[:2]) >= (1, 40)

# Codes that every operation of a protocol may answer ("Common error types"); models do not repeat them.
COMMON_CODES = {
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidAction",
    "InvalidClientTokenId", "InvalidParameterValue", "InvalidSignatureException", "MissingAction", "MissingAuthenticationToken",
    "NotImplemented", "RequestExpired", "SerializationException", "SignatureDoesNotMatch", "UnknownOperationException",
    "UnrecognizedClientException", "ValidationError", "ValidationException", "InvalidRequestContentException",
    "NoSuchEntity",  # AssumeRole's policy ARNs and GetAccessKeyInfo, recorded
    "InvalidInput", "InternalFailure",
}

ISO8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

# Patterns of the models that AWS itself does not keep to.
LOOSE_PATTERNS = {"AttachmentPolicyArn"}
# And enumerations: AWS answers "IAM Policy" and "Policy" (recorded, and in the API reference's examples).
LOOSE_ENUMERATIONS = {"PolicySourceType", "PermissionsBoundaryAttachmentType"}


def watch(client):
    complaints = []
    service = client.meta.service_model.service_name
    protocol = client.meta.service_model.metadata["protocol"]

    def look(http_response, parsed, model, **_):
        where = f"{service}:{model.name}"
        if http_response.status_code >= 300:
            check_error(complaints, where, service, model, http_response, parsed)
            return
        if model.output_shape is None or model.has_event_stream_output:
            return
        Walk(complaints, where, protocol).answer(model, http_response)

    client.meta.events.register(f"after-call.{service}", look)
    return complaints


def check_error(complaints, where, service, model, http_response, parsed):
    if service == "s3" or http_response.status_code in (301, 304):
        return
    code = parsed.get("Error", {}).get("Code", "")
    known = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.error_shapes}
    known |= {shape.name for shape in model.error_shapes}
    if code not in known | COMMON_CODES:
        complaints.append(f"{where}: error {code!r} is not one of its errors {sorted(known)}")


class Walk:
    def __init__(self, complaints, where, protocol):
        self.complaints = complaints
        self.where = where
        self.protocol = protocol

    def complain(self, path, text):
        self.complaints.append(f"{self.where}: {path or 'answer'}: {text}")

    # The answer as a whole -------------------------------------------------------------------------------------------

    def answer(self, model, http_response):
        shape = model.output_shape
        members = dict(shape.members)
        for name, member in list(members.items()):
            location = member.serialization.get("location")
            if location is None:
                continue
            del members[name]
            if location == "header":
                self.header(name, member, http_response.headers, name in shape.required_members)
        payload = shape.serialization.get("payload")
        if payload:
            member = shape.members[payload]
            if member.type_name in ("blob", "string"):
                return
            self.body(member, dict(member.members), http_response, "", unwrap=False)
            return
        self.body(shape, members, http_response, "", unwrap=True)

    def header(self, name, shape, headers, required):
        value = headers.get(shape.serialization.get("name", name))
        if value is None:
            if required:
                self.complain(name, "the header is required")
            return
        if shape.type_name == "timestamp":
            if shape.serialization.get("timestampFormat") == "iso8601":
                if not ISO8601.fullmatch(value):
                    self.complain(name, f"{value!r} is not a date of ISO 8601")
            elif email.utils.parsedate_tz(value) is None:
                self.complain(name, f"{value!r} is not a date of HTTP")
            return
        if shape.type_name == "string" and shape.is_structure if hasattr(shape, "is_structure") else False:
            return
        self.text(shape, value, name)

    def body(self, shape, members, http_response, path, unwrap):
        content = http_response.content
        if self.protocol in ("json", "rest-json"):
            if not content:
                if members and shape.required_members:
                    self.complain(path, "the body is empty")
                return
            self.json_structure(shape, members, json.loads(content), path)
            return
        if not members and not content:
            return
        if not content:
            if set(shape.required_members) & set(members):
                self.complain(path, "the body is empty")
            return
        root = xml.etree.ElementTree.fromstring(content)
        if self.protocol == "query":
            wrapper = shape.serialization.get("resultWrapper")
            result = next((child for child in root if plain(child.tag) == wrapper), None)
            if wrapper and result is None:
                self.complain(path, f"{wrapper} is missing")
                return
            root = result if wrapper else root
        if self.where == "s3:GetBucketLocation":
            return  # its root is its only member
        self.xml_structure(shape, members, root, path)

    # XML -------------------------------------------------------------------------------------------------------------

    def xml_structure(self, shape, members, node, path):
        known = set()
        for name, member in members.items():
            element = member.serialization.get("name", name)
            if member.serialization.get("xmlAttribute"):
                continue
            if member.type_name == "list" and member.serialization.get("flattened"):
                element = member.member.serialization.get("name", element) if "name" in member.member.serialization else element
                known.add(element)
                children = [child for child in node if plain(child.tag) == element]
                for number, child in enumerate(children):
                    self.xml(member.member, child, f"{path}.{name}[{number}]")
                continue
            known.add(element)
            children = [child for child in node if plain(child.tag) == element]
            if member.type_name == "map" and member.serialization.get("flattened"):
                for child in children:
                    self.xml_entry(member, child, f"{path}.{name}")
                continue
            if len(children) > 1:
                self.complain(f"{path}.{name}", f"is there {len(children)} times")
            if not children:
                if name in shape.required_members:
                    self.complain(f"{path}.{name}", "is required")
                continue
            self.xml(member, children[0], f"{path}.{name}")
        for child in node:
            if plain(child.tag) not in known and COMPLETE_MODELS:
                self.complain(f"{path}.{plain(child.tag)}", "is not in the model")

    def xml_entry(self, shape, node, path):
        for part, child_shape in (("key", shape.key), ("value", shape.value)):
            name = child_shape.serialization.get("name", part)
            child = next((child for child in node if plain(child.tag) == name), None)
            if child is None:
                self.complain(path, f"an entry without {name}")
            else:
                self.xml(child_shape, child, f"{path}.{part}")

    def xml(self, shape, node, path):
        if shape.type_name == "structure":
            self.xml_structure(shape, shape.members, node, path)
        elif shape.type_name == "list":
            wanted = shape.member.serialization.get("name", "member")
            for number, child in enumerate(node):
                if plain(child.tag) != wanted:
                    self.complain(path, f"holds {plain(child.tag)} instead of {wanted}")
                self.xml(shape.member, child, f"{path}[{number}]")
        elif shape.type_name == "map":
            for child in node:
                self.xml_entry(shape, child, path)
        else:
            if len(node):
                self.complain(path, "is not plain text")
            self.text(shape, node.text or "", path)

    def text(self, shape, text, path):
        """A plain value in XML or in a header."""
        kind = shape.type_name
        if kind in ("integer", "long"):
            if not re.fullmatch(r"-?\d+", text):
                self.complain(path, f"{text!r} is not an integer")
        elif kind in ("float", "double"):
            try:
                float(text)
            except ValueError:
                self.complain(path, f"{text!r} is not a number")
        elif kind == "boolean":
            if text not in ("true", "false"):
                self.complain(path, f"{text!r} is not a boolean")
        elif kind == "timestamp":
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", text):
                self.complain(path, f"{text!r} is not an ISO 8601 time in UTC")
        elif kind == "blob":
            try:
                base64.b64decode(text, validate=True)
            except ValueError:
                self.complain(path, "is not base64")
        elif kind == "string":
            self.string(shape, text, path)

    def string(self, shape, text, path):
        if shape.enum and text not in shape.enum and shape.name not in LOOSE_ENUMERATIONS and COMPLETE_MODELS:
            self.complain(path, f"{text!r} is not one of {shape.enum}")
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and len(text) < least or most is not None and len(text) > most:
            self.complain(path, f"a length of {len(text)} is not within {least} and {most}")
        pattern = shape.metadata.get("pattern")
        if pattern and shape.name not in LOOSE_PATTERNS and COMPLETE_MODELS and not matches(pattern, text):
            self.complain(path, f"{text!r} does not match {pattern}")

    # JSON ------------------------------------------------------------------------------------------------------------

    def json_structure(self, shape, members, value, path):
        if not isinstance(value, dict):
            self.complain(path, f"{value!r} is not an object")
            return
        known = set()
        for name, member in members.items():
            key = member.serialization.get("name", name)
            known.add(key)
            if value.get(key) is None:
                if name in shape.required_members:
                    self.complain(f"{path}.{name}", "is required")
                continue
            self.json(member, value[key], f"{path}.{name}")
        for key in value:
            if key not in known and COMPLETE_MODELS:
                self.complain(f"{path}.{key}", "is not in the model")

    def json(self, shape, value, path):
        kind = shape.type_name
        if kind == "structure":
            self.json_structure(shape, shape.members, value, path)
        elif kind == "list":
            if not isinstance(value, list):
                self.complain(path, f"{value!r} is not a list")
                return
            for number, item in enumerate(value):
                self.json(shape.member, item, f"{path}[{number}]")
        elif kind == "map":
            for key, item in value.items():
                self.json(shape.value, item, f"{path}[{key!r}]")
        elif kind in ("integer", "long", "float", "double"):
            if isinstance(value, bool) or not isinstance(value, int if kind in ("integer", "long") else (int, float)):
                self.complain(path, f"{value!r} is not a number of its type")
        elif kind == "boolean":
            if not isinstance(value, bool):
                self.complain(path, f"{value!r} is not a boolean")
        elif kind == "timestamp":
            wanted = str if shape.serialization.get("timestampFormat") == "iso8601" else (int, float)
            if isinstance(value, bool) or not isinstance(value, wanted):
                self.complain(path, f"{value!r} is not a timestamp")
        elif kind == "string":
            if not isinstance(value, str):
                self.complain(path, f"{value!r} is not a string")
            else:
                self.string(shape, value, path)


def plain(tag):
    return tag.rsplit("}", 1)[-1]


def matches(pattern, text):
    """Patterns are Java's; those that Python cannot read are let through."""
    try:
        compiled = re.compile(pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s").replace(r"\p{M}", "").replace(r"\p{S}", "")
                              .replace(r"\p{P}", ""))
    except re.error:
        return True
    return compiled.search(text) is not None if pattern.startswith("^") else compiled.fullmatch(text) is not None
