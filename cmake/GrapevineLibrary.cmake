# libgrapevine, static for the tests and the program, shared or static for installation.
set(GV_ROOMS gv_engine gv_kernels gv_datasets gv_io)
set(GV_ROOM_OBJECTS)
foreach(room IN LISTS GV_ROOMS)
  list(APPEND GV_ROOM_OBJECTS $<TARGET_OBJECTS:${room}>)
endforeach()
set(GV_PRIVATE_LIBS OpenMP::OpenMP_C ZLIB::ZLIB hdf5::hdf5 PkgConfig::HWLOC PkgConfig::ZSTD
  PkgConfig::XXHASH m)

function(gv_library name type)
  add_library(${name} ${type} ${GV_ROOM_OBJECTS})
  target_link_libraries(${name} PRIVATE ${GV_PRIVATE_LIBS})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(${name} PROPERTIES OUTPUT_NAME grapevine LINKER_LANGUAGE C)
endfunction()

gv_library(grapevine_static STATIC)
gv_library(grapevine SHARED)
# gcc gives every named critical section a symbol that hidden visibility does not reach.
target_link_options(grapevine PRIVATE
  LINKER:--version-script=${PROJECT_SOURCE_DIR}/cmake/grapevine.map)
set_target_properties(grapevine PROPERTIES
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/grapevine.map
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
add_library(grapevine::grapevine ALIAS grapevine)

install(TARGETS grapevine EXPORT grapevine LIBRARY ARCHIVE)
install(TARGETS grapevine_static ARCHIVE)
install(DIRECTORY include/grapevine TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_BINARY_DIR}/include/grapevine/version.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/grapevine)
install(EXPORT grapevine NAMESPACE grapevine:: FILE grapevine-targets.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/grapevine)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/grapevine-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES cmake/grapevine-config.cmake ${PROJECT_BINARY_DIR}/grapevine-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/grapevine)
# Relative to itself, so that `cmake --install --prefix` may put it anywhere.
file(RELATIVE_PATH GV_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
pkg_check_modules(HDF5_PC QUIET hdf5)
if(HDF5_PC_FOUND)
  set(GV_PC_HDF5 hdf5)
endif()
configure_file(cmake/grapevine.pc.in ${PROJECT_BINARY_DIR}/grapevine.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/grapevine.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
