# What `cmake --install` installs, and the Debian package that bin/package makes of it.
#
# Programs and pages go below the prefix. Settings, units and the log's rotation have absolute
# places, because the program and the host's services look for them there. DESTDIR applies to all.
set(DATA share)
set(PLACE_OF_EXAMPLES /opt/docker-containerizer/bin)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

install(TARGETS docker-containerizer RUNTIME DESTINATION bin)

# --- Pages, printed by the program itself ----------------------------------------------------------

set(MANUALS "")
foreach(page docker-containerizer.1 docker-containerizer-environment.5)
  set(output ${CMAKE_BINARY_DIR}/manual/${page}.gz)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_SOURCE_DIR}/package/make-manual $<TARGET_FILE:docker-containerizer> ${page} ${output}
    DEPENDS docker-containerizer package/make-manual VERBATIM)
  list(APPEND MANUALS ${output})
  string(REGEX MATCH "[0-9]$" section ${page})
  install(FILES ${output} DESTINATION ${DATA}/man/man${section})
endforeach()
if(NOT SANITIZE)
  add_custom_target(manuals ALL DEPENDS ${MANUALS})
endif()

# --- Files as they are -----------------------------------------------------------------------------

install(FILES package/completion.bash DESTINATION ${DATA}/bash-completion/completions
  RENAME docker-containerizer)
install(FILES package/completion.zsh DESTINATION ${DATA}/zsh/vendor-completions
  RENAME _docker-containerizer)
install(FILES bin/environment.sh.dist DESTINATION /etc/docker-containerizer RENAME environment)
install(FILES package/logrotate DESTINATION /etc/logrotate.d RENAME docker-containerizer)

# The units of the example call the program in another place.
foreach(unit docker-containerizer-metrics.service docker-containerizer-metrics.timer)
  file(READ example/monitoring/${unit} text)
  string(REPLACE ${PLACE_OF_EXAMPLES} /usr/bin text "${text}")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/units/${unit} CONTENT "${text}" @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/units/${unit} DESTINATION /lib/systemd/system)
endforeach()

set(DOCUMENTS ${DATA}/doc/docker-containerizer)
install(FILES package/copyright DESTINATION ${DOCUMENTS})
install(FILES example/monitoring/rules.yml example/monitoring/dashboard.json example/fleet.sql
  example/mesos-slave.service DESTINATION ${DOCUMENTS}/examples)
install(FILES package/lintian-overrides DESTINATION ${DATA}/lintian/overrides
  RENAME docker-containerizer)
set(CHANGES ${CMAKE_BINARY_DIR}/changelog.gz)
add_custom_command(OUTPUT ${CHANGES} COMMAND gzip -9nc ${CMAKE_SOURCE_DIR}/package/changelog > ${CHANGES}
  DEPENDS package/changelog)
add_custom_target(changes ALL DEPENDS ${CHANGES})
install(FILES ${CHANGES} DESTINATION ${DOCUMENTS})

# --- The Debian package ----------------------------------------------------------------------------

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME docker-containerizer)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "docker-containerizer developers <docker-containerizer@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "runs the tasks of an Apache Mesos slave in Docker containers")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "An external containerizer for Apache Mesos 0.19 to 1.0. The slave
runs this program once per operation on a container. Every step of a
container is committed to SQLite, so the recorded state is correct after a
crash of the program, the slave, the Docker daemon or the host.
The program is static and runs on x86-64 with Linux 3.15 or later.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "docker.io | docker-ce | podman")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus-node-exporter, logrotate")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/package/conffiles
  ${CMAKE_SOURCE_DIR}/package/postinst ${CMAKE_SOURCE_DIR}/package/prerm
  ${CMAKE_SOURCE_DIR}/package/postrm)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
# Two builds of the same sources give the same bytes.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/package/set-times.cmake)
include(CPack)
