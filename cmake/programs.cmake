# The programs, in build/bin/.
include(cmake/harness.cmake)

add_library(sortie_link INTERFACE)
if(SORTIE_STATIC)
  # static-pie: a static program of fixed address registers its unwind tables one by one and sorts them at the first
  # exception, some milliseconds; a position-independent one finds them by its program headers.
  target_link_options(sortie_link INTERFACE -static-pie -Wl,--gc-sections -s)
endif()

add_executable(sortie src/main.cc)
target_precompile_headers(sortie REUSE_FROM base)
target_link_libraries(sortie PRIVATE cli sortie_link)

# What checks/operations.py writes docs/operations.md from.
add_executable(operation_list EXCLUDE_FROM_ALL src/emulator/operation_list/main.cc)
target_precompile_headers(operation_list REUSE_FROM base)
target_link_libraries(operation_list PRIVATE emulator sortie_link)

add_executable(s3cli_program src/s3cli/program/main.cc)
set_target_properties(s3cli_program PROPERTIES OUTPUT_NAME s3cli)
target_link_libraries(s3cli_program PRIVATE s3cli sortie_link)
