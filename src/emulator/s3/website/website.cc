#include "emulator/s3/website/website.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "emulator/s3/protocol/errors.h"
#include "wire/uri.h"

namespace sortie::emulator::s3 {
namespace {

constexpr std::size_t k_max_rules = 50;

using wire::XmlNode;

/// Every child is one of `names`, and none is there twice.
bool has_only(const XmlNode& node, std::initializer_list<std::string_view> names) {
  const auto children = node.children();
  return std::ranges::all_of(children, [&](const XmlNode& child) {
    return std::ranges::find(names, child.name()) != names.end() && node.children(child.name()).size() == 1;
  });
}

AwsResult<void> check_protocol(std::string_view protocol) {
  if (protocol.empty() || protocol == "http" || protocol == "https") return {};
  return invalid_request(
      "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.");
}

AwsResult<Redirect> read_redirect_all(const XmlNode& node) {
  Redirect redirect{node.child_text("Protocol"), node.child_text("HostName"), {}, {}, 301};
  if (redirect.host.empty() || !has_only(node, {"HostName", "Protocol"})) return malformed_xml();
  RETURN_IF_ERROR(check_protocol(redirect.protocol));
  return redirect;
}

/// A status as the configuration has it, in text; 0 when it is none of three digits.
int read_status(const std::string& text) {
  return text.size() == 3 ? parse_number<int>(text).value_or(0) : 0;
}

AwsResult<void> read_condition(const XmlNode& node, RoutingRule& rule) {
  if (!node) return {};
  const auto prefix = node.child("KeyPrefixEquals");
  const auto error = node.child("HttpErrorCodeReturnedEquals");
  if (!has_only(node, {"KeyPrefixEquals", "HttpErrorCodeReturnedEquals"})) return malformed_xml();
  if (!prefix && !error) {
    return invalid_request(
        "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be "
        "present.");
  }
  rule.prefix = prefix.text();
  if (!error) return {};
  rule.error = read_status(error.text());
  if (rule.error >= 400 && rule.error <= 599) return {};
  return invalid_request(
      fmt::format("The provided HTTP error code ({}) is not valid. Valid codes are 4XX or 5XX.", error.text()));
}

AwsResult<Redirect> read_redirect(const XmlNode& node) {
  if (!node ||
      !has_only(node, {"Protocol", "HostName", "ReplaceKeyWith", "ReplaceKeyPrefixWith", "HttpRedirectCode"})) {
    return malformed_xml();
  }
  Redirect redirect{node.child_text("Protocol"), node.child_text("HostName"), {}, {}, 301};
  if (const auto key = node.child("ReplaceKeyWith")) redirect.key = key.text();
  if (const auto prefix = node.child("ReplaceKeyPrefixWith")) redirect.new_prefix = prefix.text();
  if (redirect.key && redirect.new_prefix) {
    return invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
  }
  RETURN_IF_ERROR(check_protocol(redirect.protocol));
  if (const auto status = node.child("HttpRedirectCode")) {
    redirect.status = read_status(status.text());
    if (redirect.status <= 300 || redirect.status > 399) {
      return invalid_request(fmt::format(
          "The provided HTTP redirect code ({}) is not valid. Valid codes are 3XX except 300.", status.text()));
    }
  }
  return redirect;
}

AwsResult<std::vector<RoutingRule>> read_rules(const XmlNode& node) {
  std::vector<RoutingRule> rules;
  const auto nodes = node.children("RoutingRule");
  if (nodes.empty() || nodes.size() != node.children().size()) return malformed_xml();
  if (nodes.size() > k_max_rules) {
    return invalid_request(
        fmt::format("The number of routing rules must not exceed the allowed limit of {} rules.", k_max_rules));
  }
  for (const auto& one : nodes) {
    if (!has_only(one, {"Condition", "Redirect"})) return malformed_xml();
    RoutingRule rule;
    ASSIGN_OR_RETURN(auto redirect, read_redirect(one.child("Redirect")));
    rule.redirect = std::move(redirect);
    RETURN_IF_ERROR(read_condition(one.child("Condition"), rule));
    rules.push_back(std::move(rule));
  }
  return rules;
}

/// Text for a header: what is not printable ASCII is percent-encoded.
std::string header_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c > ' ' && c <= '~') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 412: return "Precondition Failed";
    case 416: return "Requested Range Not Satisfiable";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Error";
  }
}

bool is_header(std::string_view field) {
  return field.starts_with("x-amz-");
}

void write_item(std::string& page, std::string_view name, std::string_view value) {
  page += fmt::format("<li>{}: {}</li>\n", name, wire::xml_escape(value));
}

void write_items(std::string& page, const AwsError& error) {
  write_item(page, "Code", error.code);
  write_item(page, "Message", error.message);
  for (const auto& [name, value] : error.fields) {
    if (!is_header(name)) write_item(page, name, value);
  }
}

}  // namespace

const RoutingRule* Website::find_rule(std::string_view key, int error) const {
  const auto found = std::ranges::find_if(
      rules, [&](const RoutingRule& rule) { return rule.error == error && key.starts_with(rule.prefix); });
  return found == rules.end() ? nullptr : &*found;
}

AwsResult<Website> read_website(const XmlNode& root) {
  if (!has_only(root, {"IndexDocument", "ErrorDocument", "RedirectAllRequestsTo", "RoutingRules"})) {
    return malformed_xml();
  }
  Website site;
  if (const auto all = root.child("RedirectAllRequestsTo")) {
    if (root.children().size() > 1) {
      return invalid_argument("RedirectAllRequestsTo", "not null",
                              "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.");
    }
    ASSIGN_OR_RETURN(auto redirect, read_redirect_all(all));
    site.redirect_all = std::move(redirect);
    return site;
  }
  const auto index = root.child("IndexDocument");
  if (!index) {
    return invalid_argument("IndexDocument", "null",
                            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty");
  }
  site.index = index.child_text("Suffix");
  if (site.index.empty() || site.index.contains('/')) {
    return invalid_argument("IndexDocument", site.index, "The IndexDocument Suffix is not well formed");
  }
  if (const auto error = root.child("ErrorDocument")) {
    site.error = error.child_text("Key");
    if (site.error.empty()) return malformed_xml();
  }
  if (const auto rules = root.child("RoutingRules")) {
    ASSIGN_OR_RETURN(auto read, read_rules(rules));
    site.rules = std::move(read);
  }
  return site;
}

std::string redirect_address(const Redirect& redirect, std::string_view prefix, const Visit& visit) {
  std::string key;
  if (redirect.key) {
    key = *redirect.key;
  } else {
    std::string_view rest = visit.key;
    if (redirect.new_prefix) {
      key = *redirect.new_prefix;
      rest.remove_prefix(std::min(prefix.size(), rest.size()));
    }
    key += wire::uri_encode(rest, wire::Slash::keep);
  }
  return header_text(fmt::format("{}://{}/{}{}{}", redirect.protocol.empty() ? visit.scheme : redirect.protocol,
                                 redirect.host.empty() ? visit.host : redirect.host, key,
                                 visit.query.empty() ? "" : "?", visit.query));
}

void add_error_headers(http::Response& response, const AwsError& error) {
  response.headers.add("x-amz-error-code", error.code);
  response.headers.add("x-amz-error-message", error.message);
  for (const auto& [name, value] : error.fields) {
    response.headers.add(is_header(name) ? name : "x-amz-error-detail-" + name, header_text(value));
  }
}

http::Response error_page(const AwsError& error, const std::optional<AwsError>& of_document,
                          const std::string& request_id, const std::string& host_id) {
  const std::string title = fmt::format("{} {}", error.status, reason_of(error.status));
  std::string page = fmt::format("<html>\n<head><title>{}</title></head>\n<body>\n<h1>{}</h1>\n<ul>\n", title, title);
  write_items(page, error);
  write_item(page, "RequestId", request_id);
  write_item(page, "HostId", host_id);
  page += "</ul>\n";
  if (of_document) {
    page += "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n";
    write_items(page, *of_document);
    page += "</ul>\n";
  }
  page += "<hr/>\n</body>\n</html>\n";
  http::Response response;
  response.status = error.status;
  add_error_headers(response, error);
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.body = std::move(page);
  return response;
}

}  // namespace sortie::emulator::s3
