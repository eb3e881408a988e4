import { Consul } from './test/peers/consul.js';
import { ConsulCatalog } from './test/peers/consul-catalog.js';
import { ConsulWatch } from './test/support/consul-watch.js';
import { recorderOf } from './test/support/http-recorder.js';
const c = await Consul.start({hcl:['limits { http_max_conns_per_client = 200 }']}); const cat = new ConsulCatalog(c.url);
for (const [services, nodes] of [[20,5],[500,10],[500,600]] as const) {
  const n = Math.max(services,nodes);
  for (let i=0;i<n;i++) await cat.register({service:`s${services}-${nodes}-${i%services}`, id:`i${i}`, node:`n${nodes}-${i%nodes}`, port:1000+i, check:'passing'});
  const rec = await recorderOf(c.url).start();
  const t0=performance.now(); const w = new ConsulWatch(rec.url); 
  while(!w.sink.healthy) await new Promise(r=>setTimeout(r,5));
  console.log(services,nodes,'first read ms',Math.round(performance.now()-t0),'requests',rec.requests.length);
  await new Promise(r=>setTimeout(r,1000));
  const name=`s${services}-${nodes}-3`;
  for (const kind of ['weight','check'] as const) {
    const times:number[]=[]; const b=rec.requests.length;
    for (let k=0;k<20;k++) {
      const syncs=JSON.stringify(w.sink.services.get(name));
      const s=performance.now();
      await cat.register({service:name,id:'i3',node:`n${nodes}-3`,port: kind==='weight'?5000+k:5019, check: kind==='check' && k%2===0?'critical':'passing'});
      while(JSON.stringify(w.sink.services.get(name))===syncs) await new Promise(r=>setTimeout(r,1));
      times.push(performance.now()-s);
      await new Promise(r=>setTimeout(r,300));
    }
    times.sort((a,b)=>a-b); console.log(kind,'median',times[10].toFixed(1),'worst',times[19].toFixed(1),'requests per change',(rec.requests.length-b)/20);
  }
  const b=rec.requests.length; await new Promise(r=>setTimeout(r,65000)); console.log('idle per 65 s',rec.requests.length-b, 'errors', w.sink.errors.map(String));
  await w.close(); await rec.stop();
  for (let i=0;i<nodes;i++) await cat.deregister(`n${nodes}-${i}`);
}
await cat.close(); await c.close();
