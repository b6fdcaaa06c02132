#include "suite/ginkgo_units.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

namespace sortie::suite {
namespace {

/// A container with all that are around it, as one name.
std::string path_of(const GinkgoSpec& spec, std::size_t depth) {
  std::string path;
  for (std::size_t i = 0; i < depth; ++i) path += spec.containers[i].text + "\x1f" + spec.containers[i].place + "\x1e";
  return path;
}

/// For people and for the protocol.
std::string name_of(const GinkgoSpec& spec, std::size_t depth) {
  std::string name;
  for (std::size_t i = 0; i < depth; ++i) name += spec.containers[i].text + " ";
  return name + "(" + spec.containers[depth - 1].place + ")";
}

/// What the specs in a container say about it.
struct Facts {
  bool all_ordered = true;
  bool has_specs = false;          ///< directly in it
  bool whole = true;               ///< nothing else stands between them
  std::size_t last = 0;            ///< where in the report the last one is
  std::vector<std::string> order;  ///< which they are
};
using Containers = std::map<std::string, Facts>;

Containers facts_of(const GinkgoReport& report) {
  Containers containers;
  for (std::size_t at = 0; at < report.specs.size(); ++at) {
    const GinkgoSpec& spec = report.specs[at];
    for (std::size_t depth = 1; depth <= spec.containers.size(); ++depth) {
      Facts& facts = containers[path_of(spec, depth)];
      facts.all_ordered = facts.all_ordered && spec.ordered;
      facts.has_specs = facts.has_specs || depth == spec.containers.size();
      facts.whole = facts.whole && (facts.order.empty() || facts.last + 1 == at);
      facts.last = at;
      facts.order.push_back(spec.ordered ? spec.raw_text + "\x1f" + std::to_string(spec.line) : std::string());
    }
  }
  return containers;
}

bool stays_whole(const std::string& path, const Facts& facts, const Containers& shuffled) {
  const auto found = shuffled.find(path);
  return found != shuffled.end() && found->second.whole && found->second.order == facts.order;
}

/// The outermost container of `spec` that must be, or may be, the Ordered one. `may_be` decides the doubtful ones.
template <class MayBe>
std::size_t ordered_depth(const GinkgoSpec& spec, const Containers& containers, MayBe may_be) {
  for (std::size_t depth = 1; depth <= spec.containers.size(); ++depth) {
    const std::string path = path_of(spec, depth);
    const Facts& facts = containers.at(path);
    if (!facts.all_ordered) continue;
    if (facts.has_specs || may_be(path, facts)) return depth;
  }
  return spec.containers.size();
}

}  // namespace

bool units_are_ambiguous(const GinkgoReport& report) {
  const Containers containers = facts_of(report);
  bool ambiguous = false;
  for (const GinkgoSpec& spec : report.specs) {
    if (!spec.ordered) continue;
    ordered_depth(spec, containers, [&](const std::string& /*path*/, const Facts& /*facts*/) {
      ambiguous = true;
      return true;
    });
  }
  return ambiguous;
}

std::vector<std::string> ginkgo_units(const GinkgoReport& report, const std::vector<GinkgoReport>& shuffled) {
  const Containers containers = facts_of(report);
  std::vector<Containers> others;
  others.reserve(shuffled.size());
  for (const GinkgoReport& other : shuffled) others.push_back(facts_of(other));
  const auto may_be = [&](const std::string& path, const Facts& facts) {
    return std::ranges::all_of(others, [&](const Containers& other) { return stays_whole(path, facts, other); });
  };
  std::vector<std::string> units;
  units.reserve(report.specs.size());
  for (const GinkgoSpec& spec : report.specs) {
    const bool ordered = spec.ordered && !spec.containers.empty();
    units.push_back(ordered ? name_of(spec, ordered_depth(spec, containers, may_be)) : std::string());
  }
  return units;
}

}  // namespace sortie::suite
