#!/usr/bin/env bash
# One real Kafka broker (and its controller) on loopback, for tests and trials; two
# where a test needs leaders that move.
#
#   deploy/dev/kafka.sh start     fetch it if needed, start it, wait until it answers
#   deploy/dev/kafka.sh stop      stop it and wait until it is gone
#   deploy/dev/kafka.sh kill      end it at once, as a machine that dies does
#   deploy/dev/kafka.sh status    exit 0 if it answers, 1 if not
#   deploy/dev/kafka.sh env       print the variables by which tests find it
#
# Needs java (17 or later), openssl and, the first time, mvn. Everything lies in
# deploy/dev/.cache; remove that folder to begin anew.
#
# Who comes in by the first port may do all. The others have an authorizer
# behind them, which denies all that no ACL allows; they take the logins of
# users made with SCRAM, and dev with password dev-password by PLAIN.
#
#   KAFKA_PORT       port for clients (19092); above it, controller (+1),
#                    SASL_PLAINTEXT (+2), SASL_SSL (+3), SSL with client
#                    certificates (+4)
#   KAFKA_JOIN       port of another broker of this script: this one becomes
#                    the second of its cluster, with the port for clients alone
#   KAFKA_HEAP       heap of the JVM (256m)
#   KAFKA_WAIT       seconds that start and stop may take (90)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
port=${KAFKA_PORT:-19092}
ctrl=$((port + 1)) sasl=$((port + 2)) sasl_ssl=$((port + 3)) ssl=$((port + 4))
join=${KAFKA_JOIN:-}
heap=${KAFKA_HEAP:-256m}
limit=${KAFKA_WAIT:-90}
lib=$here/.cache/lib
home=$here/.cache/broker-$port
conf=$home/server.properties
pidfile=$home/pid
log=$home/log
tls=$home/tls

die() { echo "kafka.sh: $*" >&2; exit 1; }

# pid prints the broker's process id if it runs.
pid() {
  local p
  p=$(cat "$pidfile" 2>/dev/null) || return 1
  tr '\0' ' ' <"/proc/$p/cmdline" 2>/dev/null | grep -qF "kafka.Kafka $conf" || return 1
  echo "$p"
}

# answers asks for the cluster's brokers (Metadata v1, no topics) and succeeds
# if there is one: the answer is length, correlation id, number of brokers.
answers() {
  local hex
  hex=$(
    exec 2>/dev/null
    exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
    printf '\0\0\0\016\0\003\0\001\0\0\0\007\0\0\0\0\0\0' >&3
    timeout 5 head -c 12 <&3 | od -An -tx1 | tr -d ' \n'
  )
  [[ $hex == ????????00000007* && ${hex:16:8} > 00000000 ]]
}

fetch() {
  local want
  want=$(sha256sum <"$here/pom.xml")
  [[ $(cat "$lib/.pom" 2>/dev/null) == "$want" ]] && return
  command -v mvn >/dev/null || die "mvn is not installed: it fetches the broker the first time"
  rm -rf "$lib"
  mvn -q -B -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$lib" >&2 ||
    die "mvn could not fetch what pom.xml names: see its message above"
  echo "$want" >"$lib/.pom"
}

# certificates makes an authority, the broker's certificate for 127.0.0.1 and one for clients.
certificates() {
  [[ -f $tls/done ]] && return
  command -v openssl >/dev/null || die "openssl is not installed: it makes the broker's certificate"
  mkdir -p "$tls"
  local name
  {
    for name in ca server client; do
      openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$tls/$name.key"
    done
    openssl req -x509 -new -key "$tls/ca.key" -subj /CN=authority -days 3650 -out "$tls/ca.pem"
    for name in server client; do
      openssl req -new -key "$tls/$name.key" -subj "/CN=$name" |
        openssl x509 -req -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial -days 3650 \
          -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$tls/$name.pem"
    done
  } 2>"$tls/log" || { cat "$tls/log" >&2; die "openssl could not make the certificates"; }
  cat "$tls/server.key" "$tls/server.pem" >"$tls/keystore.pem"
  touch "$tls/done"
}

# alone is a broker that is its cluster's controller too, with all listeners.
alone() {
  certificates
  cat <<EOF
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$ctrl,SASL_PLAINTEXT://127.0.0.1:$sasl,SASL_SSL://127.0.0.1:$sasl_ssl,SSL://127.0.0.1:$ssl
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
controller.quorum.voters=1@127.0.0.1:$ctrl
broker.session.timeout.ms=3000
ssl.keystore.type=PEM
ssl.keystore.location=$tls/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=$tls/ca.pem
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
$(for l in sasl_plaintext sasl_ssl; do
    echo "listener.name.$l.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_dev=\"dev-password\";"
    for m in scram-sha-256 scram-sha-512; do
      echo "listener.name.$l.$m.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
    done
  done)
EOF
}

# joined is the second broker of the cluster whose first listens at $join.
joined() {
  cat <<EOF
process.roles=broker
node.id=2
listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.quorum.voters=1@127.0.0.1:$((join + 1))
broker.heartbeat.interval.ms=500
EOF
}

# cluster prints the id of the cluster: that of the broker to join, or a new one.
cluster() {
  if [[ -n $join ]]; then
    sed -n 's/^cluster.id=//p' "$here/.cache/broker-$join/data/meta.properties"
  else
    head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d =
  fi
}

configure() {
  mkdir -p "$home"
  {
    if [[ -n $join ]]; then joined; else alone; fi
    cat <<EOF
inter.broker.listener.name=PLAINTEXT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
controller.listener.names=CONTROLLER
log.dirs=$home/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.backoff.ms=200
EOF
  } >"$conf"
  [[ -f $home/data/meta.properties ]] && return
  java -cp "$lib/*" kafka.tools.StorageTool format --cluster-id="$(cluster)" \
    -c "$conf" >"$log" 2>&1 || { cat "$log" >&2; die "the storage could not be formatted"; }
}

start() {
  if pid >/dev/null; then
    answers || die "process $(pid) runs but does not answer: see $log"
    echo "kafka runs on 127.0.0.1:$port (process $(pid))"
    return
  fi
  command -v java >/dev/null || die "java is not installed: version 17 or later is needed"
  ! answers || die "port $port is taken by another broker: set KAFKA_PORT"
  fetch
  configure
  nohup java "-Xmx$heap" -Xms64m -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
    -cp "$lib/*" kafka.Kafka "$conf" >"$log" 2>&1 </dev/null &
  echo $! >"$pidfile"
  local end=$((SECONDS + limit))
  until answers; do
    kill -0 "$(cat "$pidfile")" 2>/dev/null || { tail -20 "$log" >&2; die "the broker ended while starting"; }
    ((SECONDS < end)) || { tail -20 "$log" >&2; die "the broker does not answer after $limit s"; }
    sleep 0.2
  done
  echo "kafka runs on 127.0.0.1:$port (process $(cat "$pidfile"))"
}

# finish ends the broker by a signal and waits until it is gone.
finish() {
  local p end=$((SECONDS + limit))
  p=$(pid) || { rm -f "$pidfile"; echo "kafka does not run"; return; }
  kill -s "$1" "$p"
  while kill -0 "$p" 2>/dev/null; do
    ((SECONDS < end)) || die "process $p is still there after $limit s: see $log"
    sleep 0.2
  done
  rm -f "$pidfile"
  echo "kafka has stopped"
}

status() {
  if pid >/dev/null && answers; then
    echo "kafka runs on 127.0.0.1:$port (process $(pid))"
  else
    echo "kafka does not run on 127.0.0.1:$port"
    return 1
  fi
}

environment() {
  cat <<EOF
export VERDIN_KAFKA=127.0.0.1:$port
export VERDIN_KAFKA_SASL=127.0.0.1:$sasl
export VERDIN_KAFKA_SASL_TLS=127.0.0.1:$sasl_ssl
export VERDIN_KAFKA_TLS=127.0.0.1:$ssl
export VERDIN_KAFKA_CERTIFICATES=$(printf %q "$tls")
EOF
}

case ${1:-} in
start | status) "$1" ;;
stop) finish TERM ;;
kill) finish KILL ;;
env) environment ;;
*) die "usage: $0 start|stop|kill|status|env" ;;
esac
