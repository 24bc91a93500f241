// Version numbers as PEP 440 orders them (loading.md, section 2.5): the one comparison for CUDA, TensorRT, L4T, drivers
// and PyTorch, and for what the system's package manager says of them ("12.6.68-1" is a post-release).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inference_exp {

class Version {
 public:
  /// Reads any spelling that PEP 440 allows, blanks around it included. Nothing when `text` is not a version, has more
  /// than 256 characters, or a number that needs more than 64 bits.
  [[nodiscard]] static std::optional<Version> parse(std::string_view text);

  /// The first number of the release.
  [[nodiscard]] std::uint64_t major() const noexcept { return release_part(0); }
  /// The second number of the release; 0 where it has only one.
  [[nodiscard]] std::uint64_t minor() const noexcept { return release_part(1); }
  /// Whether both are equal.
  [[nodiscard]] bool same_minor(const Version& other) const noexcept {
    return major() == other.major() && minor() == other.minor();
  }

  /// In PEP 440's normal form: "10.3.0.30-1" gives "10.3.0.30.post1".
  [[nodiscard]] std::string to_string() const;

  /// Zeros at the end of the release do not count: 10.3.0 is 10.3.
  friend std::strong_ordering operator<=>(const Version& left, const Version& right) noexcept;
  friend bool operator==(const Version& left, const Version& right) noexcept { return std::is_eq(left <=> right); }

 private:
  friend class VersionParser;

  /// In the order in which they sort before a release.
  enum class Stage : std::uint8_t { alpha, beta, candidate };
  /// A part of a local suffix: a number, or nothing and the text. Text sorts before numbers.
  using LocalPart = std::pair<std::optional<std::uint64_t>, std::string>;

  Version() = default;
  [[nodiscard]] std::uint64_t release_part(std::size_t index) const noexcept {
    return index < release_.size() ? release_[index] : 0;
  }
  [[nodiscard]] std::strong_ordering compare_release(const Version& other) const noexcept;
  [[nodiscard]] std::strong_ordering compare_pre_release(const Version& other) const noexcept;
  [[nodiscard]] int pre_release_rank() const noexcept;

  std::uint64_t epoch_ = 0;
  std::vector<std::uint64_t> release_;
  std::optional<std::pair<Stage, std::uint64_t>> pre_;
  std::optional<std::uint64_t> post_;
  std::optional<std::uint64_t> dev_;
  std::vector<LocalPart> local_;
};

}  // namespace inference_exp
