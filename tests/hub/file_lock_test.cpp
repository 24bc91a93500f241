#include "hub/file_lock.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "inference_exp/errors.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::hub {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kLong{20000};

class FileLocks : public ::testing::Test {
 protected:
  testing::TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path();
  fs::path file_ = folder_ / ".blob.lock";
};

TEST_F(FileLocks, LieBesideTheirTarget) {
  EXPECT_EQ(lock_file_of("/cache/shared-blobs/abc"), "/cache/shared-blobs/.abc.lock");
}

TEST_F(FileLocks, AreWaitedForWhileTheHolderShowsSignsOfLife) {
  const std::optional<FileLock> held = FileLock::try_acquire(file_);
  std::uint64_t asked = 0;
  const auto alive_for_three_questions = [&] { return std::min<std::uint64_t>(++asked, 3); };
  EXPECT_THROW((void)lock_unless_stalled(file_, milliseconds{5}, alive_for_three_questions), FileLockTimeoutError);
  EXPECT_EQ(asked, 4U);  // before and after two waits: the second one brought nothing new
}

TEST_F(FileLocks, ExcludeASecondHolderInTheSameProcess) {
  std::optional<FileLock> first = FileLock::try_acquire(file_);
  ASSERT_TRUE(first);
  EXPECT_FALSE(FileLock::try_acquire(file_));
  first.reset();
  EXPECT_TRUE(FileLock::try_acquire(file_));
  EXPECT_TRUE(fs::exists(file_)) << "lock files stay";
}

TEST_F(FileLocks, MoveWithTheirOwner) {
  std::optional<FileLock> kept;
  {
    FileLock lock(file_, kLong);
    kept.emplace(std::move(lock));
  }
  EXPECT_FALSE(FileLock::try_acquire(file_));
  kept.reset();
  EXPECT_TRUE(FileLock::try_acquire(file_));
}

TEST_F(FileLocks, GiveUpAfterTheTimeoutNamingTheFile) {
  const FileLock held(file_, kLong);
  try {
    const FileLock second(file_, milliseconds{30});
    FAIL() << "no error";
  } catch (const FileLockTimeoutError& error) {
    EXPECT_NE(error.message().find(file_.string()), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("INFERENCE_MODELS_FILE_LOCK_ACQUIRE_TIMEOUT"), std::string::npos);
  }
}

TEST_F(FileLocks, LetOneThreadInAtATime) {
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  int count = 0;  // guarded by the lock alone
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int round = 0; round < 20; ++round) {
          const FileLock lock(file_, kLong);
          if (inside.fetch_add(1) != 0) overlapped = true;
          ++count;
          inside.fetch_sub(1);
        }
      });
    }
  }
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(count, 160);
}

TEST_F(FileLocks, OfAKilledProcessAreFree) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const FileLock lock(file_, kLong);
    (void)!::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(FileLock::try_acquire(file_));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::try_acquire(file_));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(FileLocks, FollowTheNameWhenTheFileIsMadeAnew) {
  const FileLock held(file_, kLong);
  fs::remove(file_);
  const std::optional<FileLock> fresh = FileLock::try_acquire(file_);
  ASSERT_TRUE(fresh);
  EXPECT_FALSE(FileLock::try_acquire(file_));
}

TEST_F(FileLocks, NeverFollowALink) {
  std::ofstream(folder_ / "precious") << "data";
  fs::create_symlink(folder_ / "precious", file_);
  try {
    (void)FileLock::try_acquire(file_);
    FAIL() << "no error";
  } catch (const FileLockTimeoutError&) {
    FAIL() << "not a timeout";
  } catch (const ModelCacheError& error) {
    EXPECT_NE(error.message().find("symbolic link"), std::string::npos) << error.what();
  }
}

TEST_F(FileLocks, InAFolderThatIsNotThereAreACacheError) {
  EXPECT_THROW(FileLock(folder_ / "absent" / ".x.lock", kLong), ModelCacheError);
}

}  // namespace
}  // namespace inference_exp::hub
