#include "fuzzing.hpp"
#include "packages/package_directory.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace inference_exp;
  using packages::SkeletonEdges;
  for (const SkeletonEdges edges : {SkeletonEdges::required, SkeletonEdges::optional}) {
    fuzzing::allow_refusal<CorruptedModelPackageError>([&] {
      const auto text = fuzzing::as_text(data, size);
      const auto skeletons = packages::parse_keypoints_metadata(text, "keypoints_metadata.json", edges);
      fuzzing::require(!skeletons.empty());
      for (const Skeleton& skeleton : skeletons) {
        const auto points = static_cast<std::int32_t>(skeleton.key_point_names.size());
        for (const auto& [from, to] : skeleton.edges) {
          fuzzing::require(from >= 0 && from < points && to >= 0 && to < points);
        }
      }
    });
  }
  return 0;
}
