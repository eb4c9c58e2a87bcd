import { textFile, ndjsonFile, csvFile } from '/work/main/packages/connector-file/src/index.ts'
import { writeFileSync, existsSync } from 'node:fs'
const N=2_000_000
const files={text:'/tmp/cf/t.txt',utf:'/tmp/cf/u.txt',nd:'/tmp/cf/n.ndjson',csv:'/tmp/cf/c.csv',csvq:'/tmp/cf/q.csv'}
if(!existsSync(files.csvq)){
 const gen=(f:(i:number)=>string,n:number)=>{const a=[];for(let i=0;i<n;i++)a.push(f(i));return a.join('\n')+'\n'}
 writeFileSync(files.text,gen(i=>`line number ${i} abc`,N))
 writeFileSync(files.utf,gen(i=>`línea número ${i} €`,N))
 writeFileSync(files.nd,gen(i=>JSON.stringify({id:i,name:'x'+i,ok:true}),N/4))
 const head='id,name,price,quantity,city,country,zip,comment,x,y\n'
 writeFileSync(files.csv,head+gen(i=>`${i},John Smith,${i},7,Berlin,Germany,10${i%1000},hello world ${i},1,2`,N/4))
 writeFileSync(files.csvq,head+gen(i=>`${i},"John ""S"" Smith",${i},7,"Berlin",Germany,10${i%1000},"hello, world ${i}",1,2`,N/4))
}
async function run(name:string,source:any,n:number){
 for(let r=0;r<3;r++){
 const [path]=source.listPartitions(); const t=performance.now()
 const p=await source.openPartition(path,undefined,{job:'',operator:'s',worker:0,generation:1})
 let count=0,chars=0,idle=0; const out={emit(){},emitAll(v:any,s:number,e:number,ts:any){count+=e-s;for(let i=s;i<e;i++)if(v[i]===ts)chars++}}
 for(;;){let st='more';for(let k=0;k<64&&st==='more';k++)st=p.poll(out,1024);if(st==='finished')break;if(st==='idle'){idle++;await p.ready()}else await new Promise(r=>setImmediate(r))}
 await p.close(); const ms=performance.now()-t
 if(r)console.log(name,count,'records',(count/ms/1000).toFixed(2),'M/s',(ms*1e6/count).toFixed(0),'ns each, idle',idle, 'rss',(process.memoryUsage().rss/1e6).toFixed(0))
 }}
await run('text',textFile(files.text),N)
await run('utf8',textFile(files.utf),N)
await run('ndjson',ndjsonFile(files.nd),N)
await run('csv',csvFile(files.csv),N)
await run('csv quoted',csvFile(files.csvq),N)
await run('csv arrays',csvFile(files.csv,{header:false}),N)
await run('text',textFile(files.text),N)
